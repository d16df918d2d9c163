package sign

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"time"
)

const (
	keyBits   = 2048
	clockSkew = time.Hour // certificates begin this much in the past
)

// A CA is a small certificate authority in one directory: ca.crt, ca.key,
// crl.pem, NAME.crt and NAME.key for each name, and issued.json. Certificates
// and keys are never overwritten. Two programs may use one directory.
type CA struct {
	dir  string
	cert *x509.Certificate
	key  *rsa.PrivateKey
	now  func() time.Time
}

// CreateCA makes a CA in dir, which is made where missing. name is its common
// name, such as "Example bus CA".
func CreateCA(dir, name string, years int) (*CA, error) {
	return createCA(dir, name, years, time.Now)
}

func createCA(dir, name string, years int, now func() time.Time) (*CA, error) {
	if name == "" || len(name) > 64 {
		return nil, fmt.Errorf("creating a CA: its name %q must have 1 to 64 bytes", name)
	}
	if years < 1 {
		return nil, fmt.Errorf("creating a CA: it must be valid for a year or more, not %d", years)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("creating a CA: %w", err)
	}
	c := &CA{dir: dir, now: now}
	key, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return nil, fmt.Errorf("creating a CA: %w", err)
	}
	from := now().UTC().Truncate(time.Second)
	template, err := c.template(name, &key.PublicKey, from.Add(-clockSkew), from.AddDate(years, 0, 0))
	if err != nil {
		return nil, err
	}
	template.IsCA = true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("creating a CA: %w", err)
	}
	if err := c.store("ca", der, key); err != nil {
		return nil, fmt.Errorf("creating a CA: %w", err)
	}
	return openCA(dir, now)
}

// OpenCA opens the CA in dir.
func OpenCA(dir string) (*CA, error) { return openCA(dir, time.Now) }

func openCA(dir string, now func() time.Time) (*CA, error) {
	cert, err := readCertificate(filepath.Join(dir, "ca.crt"))
	if err != nil {
		return nil, fmt.Errorf("opening the CA: %w", err)
	}
	key, err := readKey(filepath.Join(dir, "ca.key"))
	if err != nil {
		return nil, fmt.Errorf("opening the CA: %w", err)
	}
	if !key.PublicKey.Equal(cert.PublicKey) {
		return nil, fmt.Errorf("opening the CA in %s: ca.key does not belong to ca.crt", dir)
	}
	return &CA{dir: dir, cert: cert, key: key, now: now}, nil
}

// goodName is what may be a common name and a file name at once.
var goodName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// Issue makes a key and a certificate for name, valid for that many days, but
// not longer than the CA. fedmsg's convention for names is SERVICE-HOST.
func (c *CA) Issue(name string, days int) (certFile, keyFile string, err error) {
	if !goodName.MatchString(name) || name == "ca" {
		return "", "", fmt.Errorf("issuing a certificate: %q cannot be a name (1 to 64 of letters, digits, \".\", \"_\" and \"-\", and not \"ca\")", name)
	}
	if days < 1 {
		return "", "", fmt.Errorf("issuing a certificate for %s: it must be valid for a day or more, not %d", name, days)
	}
	certFile, keyFile = c.path(name+".crt"), c.path(name+".key")
	err = c.change(func(x *index) error {
		for _, file := range []string{certFile, keyFile} {
			if _, err := os.Lstat(file); err == nil {
				return fmt.Errorf("issuing a certificate for %s: %s exists (hint: move the pair away to renew it)", name, file)
			}
		}
		return c.issue(x, name, days)
	})
	return certFile, keyFile, err
}

// issue notes the certificate before it is handed out: what is not in the index
// can never be revoked.
func (c *CA) issue(x *index, name string, days int) error {
	key, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return fmt.Errorf("issuing a certificate for %s: %w", name, err)
	}
	from := c.now().UTC().Truncate(time.Second)
	to := from.AddDate(0, 0, days)
	if to.After(c.cert.NotAfter) {
		to = c.cert.NotAfter
	}
	template, err := c.template(name, &key.PublicKey, from.Add(-clockSkew), to)
	if err != nil {
		return err
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	der, err := x509.CreateCertificate(rand.Reader, template, c.cert, &key.PublicKey, c.key)
	if err != nil {
		return fmt.Errorf("issuing a certificate for %s: %w", name, err)
	}
	x.Issued = append(x.Issued, Issued{
		Name: name, Serial: serial(template.SerialNumber), NotBefore: template.NotBefore, NotAfter: to,
	})
	if err := c.writeIndex(x); err != nil {
		return err
	}
	if err := c.store(name, der, key); err != nil {
		return fmt.Errorf("issuing a certificate for %s: %w", name, err)
	}
	return nil
}

// template is what all our certificates have in common (RFC 5280 §4.2): a
// random serial of 127 bits, and the key identifiers by which OpenSSL chains.
func (c *CA) template(name string, key *rsa.PublicKey, from, to time.Time) (*x509.Certificate, error) {
	number, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("drawing a serial number: %w", err)
	}
	id := sha256.Sum256(x509.MarshalPKCS1PublicKey(key))
	return &x509.Certificate{
		SerialNumber:          number.Add(number, big.NewInt(1)),
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             from,
		NotAfter:              to,
		SubjectKeyId:          id[:20],
		BasicConstraintsValid: true,
		SignatureAlgorithm:    x509.SHA256WithRSA,
	}, nil
}

// store writes the key before the certificate: a certificate without a key
// helps nobody.
func (c *CA) store(name string, der []byte, key *rsa.PrivateKey) error {
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})
	if err := createFile(c.path(name+".key"), text, 0o600); err != nil {
		return err
	}
	return createFile(c.path(name+".crt"), pem.EncodeToMemory(&pem.Block{Type: pemCertificate, Bytes: der}), 0o644)
}

func (c *CA) path(file string) string { return filepath.Join(c.dir, file) }
