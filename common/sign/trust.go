package sign

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// Limits on what a stranger can make us keep.
const (
	maxCertificate = 64 << 10 // bytes of the "certificate" member
	maxSignature   = 16 << 10 // bytes of a signature's, which has 700 with a key of 4096 bits
	maxCached      = 512      // certificates
)

// A trust is what one state of the CA file and the revocation list says. Only
// its cache changes.
type trust struct {
	cas      []*x509.Certificate
	checkCRL bool
	crls     []revocationList

	mu    sync.Mutex
	known map[[32]byte]*identity // by the digest of the "certificate" member
}

// An identity is a certificate that one of the CAs has signed. Its dates and
// its revocation are checked again for each message.
type identity struct {
	cert *x509.Certificate
	ca   *x509.Certificate
	key  *rsa.PublicKey
	// strong is its Ed25519 key: whoever has one signs with it; nil: none.
	strong ed25519.PublicKey
	name   string
}

func newTrust(cas []*x509.Certificate) *trust {
	return &trust{cas: cas, known: map[[32]byte]*identity{}}
}

func parseCAs(text []byte) ([]*x509.Certificate, error) {
	var cas []*x509.Certificate
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			break
		}
		if block.Type != pemCertificate {
			continue
		}
		ca, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		cas = append(cas, ca)
	}
	if cas == nil {
		return nil, errors.New("it holds no PEM certificate")
	}
	return cas, nil
}

// identify reads a message's "certificate" member and checks who issued it.
// Only what our CA has signed is remembered, so strangers cannot fill the cache.
func (t *trust) identify(field string) (*identity, error) {
	if len(field) > maxCertificate {
		return nil, fmt.Errorf("the certificate is longer than %d bytes", maxCertificate)
	}
	sum := sha256.Sum256([]byte(field))
	t.mu.Lock()
	id := t.known[sum]
	t.mu.Unlock()
	if id != nil {
		return id, nil
	}
	cert, err := certificateIn(field)
	if err != nil {
		return nil, err
	}
	if id, err = t.issued(cert); err != nil {
		return nil, err
	}
	t.remember(sum, id)
	return id, nil
}

func (t *trust) issued(cert *x509.Certificate) (*identity, error) {
	name := commonName(cert)
	if name == "" {
		return nil, errors.New("the certificate names nobody (it has no CN)")
	}
	if strings.HasPrefix(name, gpgPrefix) {
		return nil, fmt.Errorf("the certificate is of %q, which is how OpenPGP keys are named", name)
	}
	key, ok := cert.PublicKey.(*rsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("the certificate of %s has no RSA key", name)
	}
	if len(cert.UnhandledCriticalExtensions) > 0 {
		return nil, fmt.Errorf("the certificate of %s has the unknown critical extension %v", name, cert.UnhandledCriticalExtensions[0])
	}
	strong, err := strongKey(cert)
	if err != nil {
		return nil, err
	}
	for _, ca := range t.cas {
		if bytes.Equal(cert.RawIssuer, ca.RawSubject) && cert.CheckSignatureFrom(ca) == nil {
			return &identity{cert: cert, ca: ca, key: key, strong: strong, name: name}, nil
		}
	}
	return nil, fmt.Errorf("the certificate of %s was not issued by the configured CA", name)
}

func (t *trust) remember(sum [32]byte, id *identity) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for old := range t.known {
		if len(t.known) < maxCached {
			break
		}
		delete(t.known, old)
	}
	t.known[sum] = id
}

// dates checks the certificate's and its CA's.
func (id *identity) dates(now time.Time) error {
	if err := inDate(id.ca, now); err != nil {
		return err
	}
	return inDate(id.cert, now)
}

// revoked returns why the certificate is not to be believed, or nil.
func (t *trust) revoked(id *identity, now time.Time, expired CRLPolicy) error {
	if !t.checkCRL {
		return nil
	}
	found := false
	for _, l := range t.crls {
		if !bytes.Equal(l.issuer, id.ca.RawSubject) {
			continue
		}
		found = true
		if why := l.stale(now); why != "" && expired == CRLRefuse {
			return oursError(why)
		}
		if l.serials[serial(id.cert.SerialNumber)] {
			return fmt.Errorf("the certificate of %s is revoked", id.name)
		}
	}
	if !found {
		return oursError(fmt.Sprintf("there is no revocation list of %q", id.ca.Subject))
	}
	return nil
}

// errOurs is what an oursError is.
var errOurs = errors.New("our own files allow no judgement")

// An oursError says what is wrong with our own files.
type oursError string

func (e oursError) Error() string   { return string(e) }
func (e oursError) Is(t error) bool { return t == errOurs }
