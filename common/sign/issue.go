package sign

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"time"
)

// goodName is what may be a common name and a file name at once.
var goodName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// Issue makes an RSA key, an Ed25519 key and one certificate of both for name,
// valid for that many days, but not longer than the CA. fedmsg's convention for
// names is SERVICE-HOST.
func (c *CA) Issue(name string, days int) (certFile, keyFile string, err error) {
	certFile, keyFile, err = c.issuing(name, days, func(x *index) error {
		for _, file := range []string{c.path(name + ".crt"), c.path(name + ".key")} {
			if exists(file) {
				return fmt.Errorf("%s exists (hint: move the pair away to renew it)", file)
			}
		}
		key, err := rsa.GenerateKey(rand.Reader, keyBits)
		if err != nil {
			return err
		}
		_, strong, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return err
		}
		return c.issue(x, name, days, &keySet{key, []ed25519.PrivateKey{strong}}, "")
	})
	if err != nil {
		return "", "", fmt.Errorf("issuing a certificate for %s: %w", name, err)
	}
	return certFile, keyFile, nil
}

// AddEd25519 makes an Ed25519 key for a publisher that has an RSA key alone, and a
// new certificate of both. The files of the pair are replaced; the old
// certificate is good until it ends.
func (c *CA) AddEd25519(name string, days int) (certFile, keyFile string, err error) {
	certFile, keyFile, err = c.issuing(name, days, func(x *index) error {
		cert, err := readCertificate(c.path(name + ".crt"))
		if err != nil {
			return err
		}
		keys, err := readKeys(c.path(name + ".key"))
		if err != nil {
			return err
		}
		known := func(e Issued) bool {
			return e.Name == name && e.Serial == serial(cert.SerialNumber) && e.Revoked.IsZero()
		}
		switch strong, err := strongKey(cert); {
		case err != nil:
			return err
		case strong != nil:
			return fmt.Errorf("%s has an Ed25519 key already", c.path(name+".crt"))
		case !keys.rsa.PublicKey.Equal(cert.PublicKey):
			return fmt.Errorf("%s.key does not belong to %s.crt", name, name)
		case cert.CheckSignatureFrom(c.cert) != nil || !slices.ContainsFunc(x.Issued, known):
			return fmt.Errorf("%s was not issued by this CA, or is revoked (hint: issue a new pair)", c.path(name+".crt"))
		}
		_, strong, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return err
		}
		return c.issue(x, name, days, &keySet{keys.rsa, []ed25519.PrivateKey{strong}}, serial(cert.SerialNumber))
	})
	if err != nil {
		return "", "", fmt.Errorf("adding an Ed25519 key for %s: %w", name, err)
	}
	return certFile, keyFile, nil
}

func checkName(name string) error {
	if !goodName.MatchString(name) || name == "ca" {
		return fmt.Errorf("%q cannot be a name (1 to 64 of letters, digits, \".\", \"_\" and \"-\", and not \"ca\")", name)
	}
	return nil
}

// issuing has do make a certificate, or finishes what an earlier command, cut off,
// has begun.
func (c *CA) issuing(name string, days int, do func(*index) error) (certFile, keyFile string, err error) {
	if err := checkName(name); err != nil {
		return "", "", err
	}
	if days < 1 {
		return "", "", fmt.Errorf("it must be valid for a day or more, not %d", days)
	}
	return c.path(name + ".crt"), c.path(name + ".key"), c.change(func(x *index) error {
		if i := slices.IndexFunc(x.Issued, func(e Issued) bool { return e.Name == name && e.Pending != "" }); i >= 0 {
			return c.finish(x, i)
		}
		return do(x)
	})
}

// issue notes the certificate before it is handed out: what is not in the index
// can never be revoked.
func (c *CA) issue(x *index, name string, days int, keys *keySet, replaces string) error {
	var strong []ed25519.PublicKey
	for _, key := range keys.ed25519 {
		strong = append(strong, key.Public().(ed25519.PublicKey))
	}
	e, err := c.certify(name, days, &keys.rsa.PublicKey, strong)
	if err != nil {
		return err
	}
	e.Replaces = replaces
	if err := c.writeKeys(waitingKey(name), keys); err != nil {
		return err
	}
	x.Issued = append(x.Issued, e)
	if err := c.writeIndex(x); err != nil {
		return err
	}
	return c.finish(x, len(x.Issued)-1)
}

// certify makes a certificate of these keys, which is not noted yet.
func (c *CA) certify(name string, days int, key *rsa.PublicKey, strong []ed25519.PublicKey) (Issued, error) {
	from := c.now().UTC().Truncate(time.Second)
	to := from.AddDate(0, 0, days)
	if to.After(c.cert.NotAfter) {
		to = c.cert.NotAfter
	}
	template, err := c.template(name, key, from.Add(-clockSkew), to)
	if err != nil {
		return Issued{}, err
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	for _, key := range strong {
		second, err := altPublicKeyExtension(key)
		if err != nil {
			return Issued{}, err
		}
		template.ExtraExtensions = append(template.ExtraExtensions, second)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, c.cert, key, c.key)
	if err != nil {
		return Issued{}, err
	}
	return Issued{Name: name, Serial: serial(template.SerialNumber), NotBefore: template.NotBefore, NotAfter: to, Pending: string(pemOf(der))}, nil
}

// finish puts the files of a certificate that is noted in their places: the keys
// first, for a certificate without its keys helps nobody, and more keys than the
// certificate names do no harm.
func (c *CA) finish(x *index, i int) error {
	e := &x.Issued[i]
	waiting := c.path(waitingKey(e.Name))
	keys, err := os.ReadFile(waiting)
	switch {
	case e.Requested:
		err = nil // the key is with whoever asked
	case err == nil:
		err = c.place(e, e.Name+".key", keys, 0o600)
	case errors.Is(err, fs.ErrNotExist) && exists(c.path(e.Name+".key")):
		err = nil // it is in its place
	}
	if err == nil {
		err = c.place(e, e.Name+".crt", []byte(e.Pending), 0o644)
	}
	if err != nil {
		return err
	}
	e.Pending = ""
	if err := c.writeIndex(x); err != nil {
		return err
	}
	if err := os.Remove(waiting); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// place makes a file of e, unless it is there; one that e replaces goes.
func (c *CA) place(e *Issued, file string, text []byte, mode os.FileMode) error {
	there, err := os.ReadFile(c.path(file))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return c.disk.create(c.path(file), text, mode)
	case err != nil:
		return err
	case e.Replaces != "" && !bytes.Equal(there, text):
		return c.disk.replace(c.path(file), text, mode)
	}
	return nil
}

// waitingKey is where new keys are until their certificate is noted.
func waitingKey(name string) string { return "." + name + ".key" }

func (c *CA) writeKeys(file string, keys *keySet) error {
	text, err := keys.pem()
	if err != nil {
		return err
	}
	if file[0] == '.' { // what a command that was cut off left there was never used
		return c.disk.replace(c.path(file), text, 0o600)
	}
	return c.disk.create(c.path(file), text, 0o600)
}
