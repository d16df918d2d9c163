package sign

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"slices"
)

// A request is for an authority on another machine, so that no private key is ever
// on two: a PKCS #10 request (RFC 2986), signed by the RSA key, with the Ed25519 key
// in the extension that the certificate gets; and behind it, since that signature says
// nothing of the second key, a signature of the request by it.
const (
	pemRequest = "CERTIFICATE REQUEST"
	pemProof   = "ED25519 PROOF"
	maxRequest = 64 << 10 // bytes
)

// NewRequest makes an RSA key and an Ed25519 key, and a request to certify both for
// name. Both texts are PEM; key is the file that [LoadSigner] takes.
func NewRequest(name string) (request, key []byte, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("making a request for %s: %w", name, err)
		}
	}()
	if err := checkName(name); err != nil {
		return nil, nil, err
	}
	old, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return nil, nil, err
	}
	public, strong, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	second, err := altPublicKeyExtension(public)
	if err != nil {
		return nil, nil, err
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{
		Subject: pkix.Name{CommonName: name}, SignatureAlgorithm: x509.SHA256WithRSA, ExtraExtensions: []pkix.Extension{second},
	}, old)
	if err != nil {
		return nil, nil, err
	}
	key, err = (&keySet{old, []ed25519.PrivateKey{strong}}).pem()
	request = append(pem.EncodeToMemory(&pem.Block{Type: pemRequest, Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: pemProof, Bytes: ed25519.Sign(strong, der)})...)
	return request, key, err
}

// A Request is what somebody asks an authority to certify.
type Request struct {
	Name   string
	rsa    *rsa.PublicKey
	strong []ed25519.PublicKey // none, or one
}

// ReadRequest reads a request, and checks that who made it has the keys. One of RSA
// alone, such as OpenSSL makes, will do.
func ReadRequest(text []byte) (*Request, error) {
	if len(text) > maxRequest {
		return nil, fmt.Errorf("reading a request: it has more than %d bytes", maxRequest)
	}
	block, rest := pem.Decode(text)
	if block == nil || block.Type != pemRequest {
		return nil, errors.New("reading a request: it is not a PEM certificate request")
	}
	csr, err := x509.ParseCertificateRequest(block.Bytes)
	if err == nil {
		err = csr.CheckSignature()
	}
	if err != nil {
		return nil, fmt.Errorf("reading a request: %w", err)
	}
	// The one that a verifier reads (see commonName), and there must be no other.
	subject := &x509.Certificate{Subject: csr.Subject, Extensions: csr.Extensions}
	r := &Request{Name: commonName(subject)}
	if r.Name != csr.Subject.CommonName {
		return nil, errors.New("reading a request: it has two names")
	}
	if err := checkName(r.Name); err != nil {
		return nil, fmt.Errorf("reading a request: %w", err)
	}
	key, ok := csr.PublicKey.(*rsa.PublicKey)
	if !ok || key.N.BitLen() < keyBits || key.N.BitLen() > 8192 {
		return nil, fmt.Errorf("reading a request: its key is no RSA key of %d to 8192 bits", keyBits)
	}
	r.rsa = key
	second, err := strongKey(subject)
	if err != nil {
		return nil, fmt.Errorf("reading a request: %w", err)
	}
	if second == nil {
		return r, nil
	}
	proof, _ := pem.Decode(rest)
	if proof == nil || proof.Type != pemProof || !ed25519.Verify(second, block.Bytes, proof.Bytes) {
		return nil, errors.New("reading a request: nothing shows that who made it has the Ed25519 key (is the file whole?)")
	}
	r.strong = []ed25519.PublicKey{second}
	return r, nil
}

// Sign certifies what a request asks for, valid for that many days. The certificate is
// NAME.crt in the CA's folder; the private keys stay where they were made.
func (c *CA) Sign(r *Request, days int) (certFile string, err error) {
	certFile, _, err = c.issuing(r.Name, days, func(x *index) error {
		for _, file := range []string{c.path(r.Name + ".crt"), c.path(r.Name + ".key")} {
			if exists(file) {
				return fmt.Errorf("%s exists (hint: move it away to renew it)", file)
			}
		}
		e, err := c.certify(r.Name, days, r.rsa, r.strong)
		if err != nil {
			return err
		}
		e.Requested = true
		x.Issued = append(x.Issued, e)
		if err := c.writeIndex(x); err != nil {
			return err
		}
		return c.finish(x, len(x.Issued)-1)
	})
	if err != nil {
		return "", fmt.Errorf("signing the request of %s: %w", r.Name, err)
	}
	return certFile, nil
}

// Answers says what is wrong with a certificate (PEM) as the answer to the request
// whose keys are in keyFile: it must be of these keys, in date, and issued by one of
// the authorities in caFile.
func Answers(certificate []byte, keyFile, caFile string) error {
	cert, err := parseCertificate(certificate)
	if err != nil {
		return fmt.Errorf("reading the certificate: %w", err)
	}
	keys, err := readKeys(keyFile)
	if err != nil {
		return err
	}
	strong, err := strongKey(cert)
	if err != nil {
		return err
	}
	if !keys.rsa.PublicKey.Equal(cert.PublicKey) || strong != nil && keys.strong(strong) == nil {
		return fmt.Errorf("the certificate of %s is not of the key in %s", commonName(cert), keyFile)
	}
	text, err := os.ReadFile(caFile)
	if err != nil {
		return fmt.Errorf("reading the CA certificate: %w%s", err, hint(err, "take it from the machine of the authority"))
	}
	cas, err := parseCAs(text)
	if err != nil {
		return fmt.Errorf("reading the CA certificate %s: %w", caFile, err)
	}
	if !slices.ContainsFunc(cas, func(ca *x509.Certificate) bool {
		return bytes.Equal(ca.RawSubject, cert.RawIssuer) && cert.CheckSignatureFrom(ca) == nil
	}) {
		return fmt.Errorf("the certificate of %s was not issued by the authority in %s", commonName(cert), caFile)
	}
	return nil
}
