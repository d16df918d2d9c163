package sign

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"os"
	"time"
)

// A Signer signs messages with one key, which is read and checked once. It is
// safe for concurrent use.
type Signer struct {
	cert  *x509.Certificate
	key   *rsa.PrivateKey
	name  string
	field string // the "certificate" member
}

// LoadSigner reads a certificate and its key (PEM; PKCS#8 or PKCS#1 without a
// passphrase). The key must be RSA and belong to the certificate, and the
// certificate must be in date.
func LoadSigner(certFile, keyFile string) (*Signer, error) {
	return loadSigner(certFile, keyFile, time.Now())
}

func loadSigner(certFile, keyFile string, now time.Time) (*Signer, error) {
	cert, err := readCertificate(certFile)
	if err != nil {
		return nil, fmt.Errorf("loading the signing certificate: %w", err)
	}
	key, err := readKey(keyFile)
	if err != nil {
		return nil, fmt.Errorf("loading the signing key: %w", err)
	}
	if !key.PublicKey.Equal(cert.PublicKey) {
		return nil, fmt.Errorf("loading the signing key: %s does not belong to %s (hint: check the two paths)", keyFile, certFile)
	}
	name := commonName(cert)
	if name == "" {
		return nil, fmt.Errorf("loading the signing certificate: %s names nobody (it has no CN)", certFile)
	}
	if err := inDate(cert, now); err != nil {
		return nil, fmt.Errorf("loading the signing certificate: %s: %w (hint: issue a new one with \"bus keys\", or check the clock)", certFile, err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
	return &Signer{cert: cert, key: key, name: name, field: wrap(text)}, nil
}

// Name is the certificate's common name, which policies speak of.
func (s *Signer) Name() string { return s.name }

// Format prints the name alone, whatever the verb: the key is never shown.
func (s *Signer) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "the signer %s", s.name) }

// Certificate is what subscribers are shown.
func (s *Signer) Certificate() *x509.Certificate { return s.cert }

// NotAfter is when the certificate ends.
func (s *Signer) NotAfter() time.Time { return s.cert.NotAfter }

// Sign adds "crypto", "signature_sha256", "signature" and "certificate" to the
// message, in place of any that are there. On error the message is unchanged.
func (s *Signer) Sign(tree map[string]any) error {
	work := maps.Clone(tree)
	if work == nil {
		return errors.New("signing a message: there is none")
	}
	work[memberCrypto] = backendX509
	strong, err := s.sign(crypto.SHA256, work)
	if err != nil {
		return err
	}
	work[memberSHA256] = strong
	weak, err := s.sign(crypto.SHA1, work)
	if err != nil {
		return err
	}
	tree[memberCrypto] = backendX509
	tree[memberSHA256] = strong
	tree[memberSignature] = weak
	tree[memberCertificate] = s.field
	return nil
}

func (s *Signer) sign(h crypto.Hash, tree map[string]any) (string, error) {
	sum, err := digest(h, tree)
	if err != nil {
		return "", fmt.Errorf("signing a message: %w", err)
	}
	raw, err := rsa.SignPKCS1v15(nil, s.key, h, sum)
	if err != nil {
		return "", fmt.Errorf("signing a message as %s with %v: %w", s.name, h, err)
	}
	return wrap(raw), nil
}

func readKey(file string) (*rsa.PrivateKey, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading a key: %w%s", err, hint(err, "check the path; \"bus keys issue\" makes one"))
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("reading key %s: it is not PEM", file)
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("reading key %s: %w (hint: it must be an RSA key without a passphrase)", file, err)
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("reading key %s: it is a %T, and fedmsg's signatures are RSA only", file, parsed)
	}
	return key, nil
}
