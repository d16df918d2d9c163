package sign

import (
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"time"

	"busbar/common/pgp"
)

const pemCertificate = "CERTIFICATE"

// parseCertificate reads the first PEM block, as fedmsg does: a chain after it
// is not looked at.
func parseCertificate(text []byte) (*x509.Certificate, error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != pemCertificate {
		return nil, errors.New("it is not a PEM certificate")
	}
	return x509.ParseCertificate(block.Bytes)
}

// Shown is who a message says that signed it: its certificate's common name, and when
// that ends, or the OpenPGP key that its signature names, after "gpg:". Nothing is
// believed by that: who issued it and who signed is not looked at (see Verifier).
func Shown(tree map[string]any) (name string, until time.Time, err error) {
	field, ok := tree[memberCertificate].(string)
	if !ok {
		name, err = shownKey(tree)
		return name, time.Time{}, err
	}
	if len(field) > maxCertificate {
		return "", time.Time{}, fmt.Errorf("reading the certificate: it is longer than %d bytes", maxCertificate)
	}
	cert, err := certificateIn(field)
	if err != nil {
		return "", time.Time{}, err
	}
	return commonName(cert), cert.NotAfter, nil
}

// shownKey is the key that the OpenPGP signature of a message names.
func shownKey(tree map[string]any) (string, error) {
	for member, decode := range map[string]func(string) ([]byte, error){memberGPG: base64.StdEncoding.DecodeString, memberSignature: unwrap} {
		field, ok := tree[member].(string)
		if !ok || len(field) > maxSignature || member == memberSignature && tree[memberGPG] != nil {
			continue
		}
		raw, err := decode(field)
		if err != nil {
			return "", fmt.Errorf("reading the %s: %w", member, errBase64)
		}
		key, err := pgp.Issuer(raw)
		if err != nil {
			return "", fmt.Errorf("reading the %s: %w", member, err)
		}
		return gpgPrefix + key, nil
	}
	return "", errors.New("reading who signed: the message names nobody")
}

// certificateIn reads the "certificate" member of a message.
func certificateIn(field string) (*x509.Certificate, error) {
	text, err := unwrap(field)
	if err != nil {
		return nil, fmt.Errorf("reading the certificate: %w", err)
	}
	cert, err := parseCertificate(text)
	if err != nil {
		return nil, fmt.Errorf("reading the certificate: %w", err)
	}
	return cert, nil
}

func readCertificate(file string) (*x509.Certificate, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading a certificate: %w%s", err, hint(err, "check the path; \"bus keys issue\" makes one"))
	}
	cert, err := parseCertificate(text)
	if err != nil {
		return nil, fmt.Errorf("reading certificate %s: %w", file, err)
	}
	return cert, nil
}

// commonName is the subject's first CN (RFC 5280 §4.1.2.6). The standard
// library's is the last, which a policy must not be fooled by.
func commonName(cert *x509.Certificate) string {
	cn := asn1.ObjectIdentifier{2, 5, 4, 3}
	for _, n := range cert.Subject.Names {
		if n.Type.Equal(cn) {
			s, _ := n.Value.(string)
			return s
		}
	}
	return ""
}

func inDate(cert *x509.Certificate, now time.Time) error {
	switch {
	case now.Before(cert.NotBefore):
		return fmt.Errorf("the certificate of %s is not valid before %s", commonName(cert), day(cert.NotBefore))
	case now.After(cert.NotAfter):
		return fmt.Errorf("the certificate of %s ended on %s", commonName(cert), day(cert.NotAfter))
	}
	return nil
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }
