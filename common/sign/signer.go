package sign

import (
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"busbar/common/event"
)

// A Signer signs messages with the keys of one certificate, or with one OpenPGP key,
// which are read and checked once. It is safe for concurrent use.
type Signer struct {
	way
	name     string
	notAfter time.Time
}

// A way is how messages are signed: it adds its members to a message that has none of
// a signer's, but perhaps old ones, and returns them.
type way interface {
	add(work *event.Encoded) (map[string]string, error)
}

// A certified signs as X.509 has it.
type certified struct {
	cert   *x509.Certificate
	key    *rsa.PrivateKey
	strong ed25519.PrivateKey // nil: the certificate has an RSA key alone
	name   string
	field  string // the "certificate" member
}

// LoadSigner reads a certificate and its keys (PEM; PKCS#8 or PKCS#1 without a
// passphrase). The first key must be RSA and belong to the certificate; where
// that has an Ed25519 key, too, it must follow in the same file. The certificate
// must be in date.
func LoadSigner(certFile, keyFile string) (*Signer, error) {
	return loadSigner(certFile, keyFile, time.Now())
}

func loadSigner(certFile, keyFile string, now time.Time) (*Signer, error) {
	cert, err := readCertificate(certFile)
	if err != nil {
		return nil, fmt.Errorf("loading the signing certificate: %w", err)
	}
	keys, err := readKeys(keyFile)
	if err != nil {
		return nil, fmt.Errorf("loading the signing key: %w", err)
	}
	if !keys.rsa.PublicKey.Equal(cert.PublicKey) {
		return nil, fmt.Errorf("loading the signing key: %s does not belong to %s (hint: check the two paths)", keyFile, certFile)
	}
	c := &certified{cert: cert, key: keys.rsa, name: commonName(cert), field: wrap(pemOf(cert.Raw))}
	s := &Signer{c, c.name, cert.NotAfter}
	if s.name == "" {
		return nil, fmt.Errorf("loading the signing certificate: %s names nobody (it has no CN)", certFile)
	}
	if err := inDate(cert, now); err != nil {
		return nil, fmt.Errorf("loading the signing certificate: %s: %w (hint: issue a new one with \"bus keys\", or check the clock)", certFile, err)
	}
	public, err := strongKey(cert)
	if err != nil {
		return nil, fmt.Errorf("loading the signing certificate: %s: %w", certFile, err)
	}
	if public == nil {
		return s, nil
	}
	if c.strong = keys.strong(public); c.strong == nil {
		return nil, fmt.Errorf("loading the signing key: %s has not the Ed25519 key that %s names (hint: it holds two keys, one after the other; copy the whole file)", keyFile, certFile)
	}
	return s, nil
}

// Name is what policies speak of: the certificate's common name, or an OpenPGP key's
// fingerprint after "gpg:".
func (s *Signer) Name() string { return s.name }

// Format prints the name alone, whatever the verb: the key is never shown.
func (s *Signer) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "the signer %s", s.name) }

// Certificate is what subscribers are shown; nil: an OpenPGP key signs.
func (s *Signer) Certificate() *x509.Certificate {
	if c, ok := s.way.(*certified); ok {
		return c.cert
	}
	return nil
}

// NotAfter is when the certificate or key ends; zero: it has no end.
func (s *Signer) NotAfter() time.Time { return s.notAfter }

// Sign adds "crypto", the signatures and what else the way of signing has to the
// message, in place of any that are there. On error the message is unchanged.
func (s *Signer) Sign(tree map[string]any) error {
	if tree == nil {
		return errors.New("signing a message: there is none")
	}
	m, err := event.Encode(tree)
	if err != nil {
		return fmt.Errorf("signing a message: %w", err)
	}
	signed, err := s.sign(m)
	if err != nil {
		return err
	}
	for _, k := range event.SignatureMembers {
		delete(tree, k)
	}
	for k, v := range signed {
		tree[k] = v
	}
	return nil
}

// Seal is Sign for a message that is encoded already.
func (s *Signer) Seal(m *event.Encoded) error {
	_, err := s.sign(m)
	return err
}

// sign adds its members to m, in place of all that a signer makes, and returns them.
func (s *Signer) sign(m *event.Encoded) (map[string]string, error) {
	work := m.Clone()
	for _, k := range event.SignatureMembers {
		work.Delete(k)
	}
	added, err := s.add(work)
	if err != nil {
		return nil, fmt.Errorf("signing a message as %s: %w", s.name, err)
	}
	*m = *work
	return added, nil
}

// add makes the strong signature first: the old one covers it, so that it cannot be
// taken away.
func (s *certified) add(work *event.Encoded) (map[string]string, error) {
	added := adding{}
	added.set(work, memberCrypto, backendX509)
	if s.strong != nil {
		added.set(work, memberEd25519, base64.StdEncoding.EncodeToString(ed25519.Sign(s.strong, strongText(work.Sum(sumOf(memberEd25519))))))
	} else if err := added.rsa(s, work, memberSHA256); err != nil {
		return nil, err
	}
	if err := added.rsa(s, work, memberSignature); err != nil {
		return nil, err
	}
	added.set(work, memberCertificate, s.field)
	return added, nil
}

func (s *certified) rsa(member string, m *event.Encoded) (string, error) {
	raw, err := rsa.SignPKCS1v15(nil, s.key, hashOf(member), m.Sum(sumOf(member)))
	if err != nil {
		return "", fmt.Errorf("with %v: %w", hashOf(member), err)
	}
	return wrap(raw), nil
}

// adding is what a signer added.
type adding map[string]string

func (a adding) rsa(s *certified, m *event.Encoded, member string) error {
	text, err := s.rsa(member, m)
	if err == nil {
		a.set(m, member, text)
	}
	return err
}

func (a adding) set(m *event.Encoded, member, text string) {
	a[member] = text
	m.Set(member, text)
}
