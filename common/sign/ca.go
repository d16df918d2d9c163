package sign

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"slices"
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
		if err := c.writeKey("ca.key", key); err != nil {
			return err
		}
	}
	key, err := readKey(c.path("ca.key"))
	if err != nil {
		return err
	}
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
	key, err := readKey(filepath.Join(dir, "ca.key"))
	if err != nil {
		return nil, fmt.Errorf("opening the CA: %w", err)
	}
	if !key.PublicKey.Equal(cert.PublicKey) {
		return nil, fmt.Errorf("opening the CA in %s: ca.key does not belong to ca.crt", dir)
	}
	return &CA{dir: dir, cert: cert, key: key, now: now, disk: d}, nil
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
		if i := slices.IndexFunc(x.Issued, func(e Issued) bool { return e.Name == name && e.Pending != "" }); i >= 0 {
			return c.finish(x, i) // an earlier command was cut off
		}
		for _, file := range []string{certFile, keyFile} {
			if exists(file) {
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
	if err := c.writeKey(waitingKey(name), key); err != nil {
		return fmt.Errorf("issuing a certificate for %s: %w", name, err)
	}
	x.Issued = append(x.Issued, Issued{
		Name: name, Serial: serial(template.SerialNumber), NotBefore: template.NotBefore, NotAfter: to, Pending: string(pemOf(der)),
	})
	if err := c.writeIndex(x); err != nil {
		return err
	}
	return c.finish(x, len(x.Issued)-1)
}

// finish puts the files of a certificate that is noted in their places: the key
// first, for a certificate without a key helps nobody.
func (c *CA) finish(x *index, i int) error {
	e := &x.Issued[i]
	fail := func(err error) error { return fmt.Errorf("issuing a certificate for %s: %w", e.Name, err) }
	if !exists(c.path(e.Name + ".key")) {
		key, err := readKey(c.path(waitingKey(e.Name)))
		if err != nil {
			return fail(err)
		}
		if err := c.writeKey(e.Name+".key", key); err != nil {
			return fail(err)
		}
	}
	if !exists(c.path(e.Name + ".crt")) {
		if err := c.disk.create(c.path(e.Name+".crt"), []byte(e.Pending), 0o644); err != nil {
			return fail(err)
		}
	}
	e.Pending = ""
	if err := c.writeIndex(x); err != nil {
		return err
	}
	if err := os.Remove(c.path(waitingKey(e.Name))); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fail(err)
	}
	return nil
}

// waitingKey is where a new key is until its certificate is noted.
func waitingKey(name string) string { return "." + name + ".key" }

func (c *CA) writeKey(file string, key *rsa.PrivateKey) error {
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})
	if file[0] == '.' { // what a command that was cut off left there was never used
		return c.disk.replace(c.path(file), text, 0o600)
	}
	return c.disk.create(c.path(file), text, 0o600)
}

func pemOf(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: pemCertificate, Bytes: der})
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

func (c *CA) path(file string) string { return filepath.Join(c.dir, file) }
