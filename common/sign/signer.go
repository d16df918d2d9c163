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

// A Signer signs messages with the keys of one certificate, which are read and
// checked once. It is safe for concurrent use.
type Signer struct {
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
	s := &Signer{cert: cert, key: keys.rsa, name: commonName(cert), field: wrap(pemOf(cert.Raw))}
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
	if s.strong = keys.strong(public); s.strong == nil {
		return nil, fmt.Errorf("loading the signing key: %s has not the Ed25519 key that %s names (hint: it holds two keys, one after the other; copy the whole file)", keyFile, certFile)
	}
	return s, nil
}

// Name is the certificate's common name, which policies speak of.
func (s *Signer) Name() string { return s.name }

// Format prints the name alone, whatever the verb: the key is never shown.
func (s *Signer) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "the signer %s", s.name) }

// Certificate is what subscribers are shown.
func (s *Signer) Certificate() *x509.Certificate { return s.cert }

// NotAfter is when the certificate ends.
func (s *Signer) NotAfter() time.Time { return s.cert.NotAfter }

// Sign adds "crypto", the signatures and "certificate" to the message, in place
// of any that are there. On error the message is unchanged.
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

// sign adds its members to m and returns them. The strong signature is made
// first: the old one covers it, so that it cannot be taken away.
func (s *Signer) sign(m *event.Encoded) (map[string]string, error) {
	work := m.Clone()
	work.Delete(memberSHA256)
	work.Delete(memberEd25519)
	added := map[string]string{}
	add := func(member, text string) {
		added[member] = text
		work.Set(member, text)
	}
	add(memberCrypto, backendX509)
	if s.strong != nil {
		add(memberEd25519, base64.StdEncoding.EncodeToString(ed25519.Sign(s.strong, strongText(work.Sum(sumOf(memberEd25519))))))
	} else {
		strong, err := s.rsa(memberSHA256, work)
		if err != nil {
			return nil, err
		}
		add(memberSHA256, strong)
	}
	weak, err := s.rsa(memberSignature, work)
	if err != nil {
		return nil, err
	}
	add(memberSignature, weak)
	add(memberCertificate, s.field)
	*m = *work
	return added, nil
}

func (s *Signer) rsa(member string, m *event.Encoded) (string, error) {
	raw, err := rsa.SignPKCS1v15(nil, s.key, hashOf(member), m.Sum(sumOf(member)))
	if err != nil {
		return "", fmt.Errorf("signing a message as %s with %v: %w", s.name, hashOf(member), err)
	}
	return wrap(raw), nil
}
