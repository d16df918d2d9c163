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
	"time"
)

const (
	keyBits   = 2048
	clockSkew = time.Hour // certificates begin this much in the past
)

// A CA is a small certificate authority in one directory: ca.crt, ca.key,
// crl.pem, NAME.crt and NAME.key for each name, and issued.json. Certificates
// and keys are never overwritten, but by AddEd25519. Two programs may use one directory.
type CA struct {
	dir  string
	cert *x509.Certificate
	key  *rsa.PrivateKey
	now  func() time.Time
	disk disk
}

// CreateCA makes a CA in dir, which is made where missing. name is its common
// name, such as "Example bus CA". What an earlier call, cut off, has left is
// finished: a key without a certificate gets one, and a CA without a revocation
// list, which has issued nothing, is opened.
func CreateCA(dir, name string, years int) (*CA, error) {
	return createCA(dir, name, years, time.Now, disk{})
}

func createCA(dir, name string, years int, now func() time.Time, d disk) (*CA, error) {
	if name == "" || len(name) > 64 {
		return nil, fmt.Errorf("creating a CA: its name %q must have 1 to 64 bytes", name)
	}
	if years < 1 {
		return nil, fmt.Errorf("creating a CA: it must be valid for a year or more, not %d", years)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("creating a CA: %w", err)
	}
	c := &CA{dir: dir, now: now, disk: d}
	if err := c.change(func(x *index) error { return c.create(x, name, years) }); err != nil {
		return nil, fmt.Errorf("creating a CA: %w", err)
	}
	return openCA(dir, now, d)
}

// create makes what is missing of ca.key and ca.crt.
func (c *CA) create(x *index, name string, years int) error {
	if exists(c.path("ca.crt")) {
		if len(x.Issued) == 0 && !exists(c.path("crl.pem")) && exists(c.path("ca.key")) {
			return nil
		}
		return fmt.Errorf("%s exists", c.path("ca.crt"))
	}
	if len(x.Issued) > 0 {
		return fmt.Errorf("%s is missing, and the CA has issued certificates (hint: put it back from a copy)", c.path("ca.crt"))
	}
	if !exists(c.path("ca.key")) {
		key, err := rsa.GenerateKey(rand.Reader, keyBits)
		if err != nil {
			return err
		}
		if err := c.writeKeys("ca.key", &keySet{rsa: key}); err != nil {
			return err
		}
	}
	keys, err := readKeys(c.path("ca.key"))
	if err != nil {
		return err
	}
	key := keys.rsa
	from := c.now().UTC().Truncate(time.Second)
	template, err := c.template(name, &key.PublicKey, from.Add(-clockSkew), from.AddDate(years, 0, 0))
	if err != nil {
		return err
	}
	template.IsCA = true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return err
	}
	return c.disk.create(c.path("ca.crt"), pemOf(der), 0o644)
}

func exists(file string) bool {
	_, err := os.Lstat(file)
	return err == nil
}

// OpenCA opens the CA in dir.
func OpenCA(dir string) (*CA, error) { return openCA(dir, time.Now, disk{}) }

func openCA(dir string, now func() time.Time, d disk) (*CA, error) {
	cert, err := readCertificate(filepath.Join(dir, "ca.crt"))
	if err != nil {
		return nil, fmt.Errorf("opening the CA: %w", err)
	}
	keys, err := readKeys(filepath.Join(dir, "ca.key"))
	if err != nil {
		return nil, fmt.Errorf("opening the CA: %w", err)
	}
	key := keys.rsa
	if !key.PublicKey.Equal(cert.PublicKey) {
		return nil, fmt.Errorf("opening the CA in %s: ca.key does not belong to ca.crt", dir)
	}
	return &CA{dir: dir, cert: cert, key: key, now: now, disk: d}, nil
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

func pemOf(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: pemCertificate, Bytes: der})
}

func (c *CA) path(file string) string { return filepath.Join(c.dir, file) }
