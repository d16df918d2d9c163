package sign

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// An Issued is one certificate of a CA.
type Issued struct {
	Name      string    `json:"name"`
	Serial    string    `json:"serial"` // hexadecimal
	NotBefore time.Time `json:"not_before"`
	NotAfter  time.Time `json:"not_after"`
	Revoked   time.Time `json:"revoked,omitzero"` // zero: it is not
	// Pending is the certificate (PEM) while its files are not whole yet.
	Pending string `json:"pending,omitempty"`
	// Replaces is the serial number of the certificate that this one took the
	// place of, with the same RSA key; it is not revoked.
	Replaces string `json:"replaces,omitempty"`
	// Requested says that the keys were made elsewhere, and never here.
	Requested bool `json:"requested,omitempty"`
}

// An index is issued.json: what the CA must remember besides its key.
type index struct {
	CRLNumber int64    `json:"crl_number"`
	Issued    []Issued `json:"issued"`
}

// List returns all certificates, oldest first.
func (c *CA) List() ([]Issued, error) {
	x, err := c.readIndex()
	if err != nil {
		return nil, err
	}
	return x.Issued, nil
}

// Revoke notes that the certificates of name (or the one with that serial
// number) are to be believed no more. Verifiers learn it from the next CRL.
func (c *CA) Revoke(name string) error {
	return c.change(func(x *index) error {
		found, changed := false, false
		for i := range x.Issued {
			e := &x.Issued[i]
			if e.Name != name && e.Serial != name {
				continue
			}
			found = true
			if e.Revoked.IsZero() {
				e.Revoked = c.now().UTC().Truncate(time.Second)
				changed = true
			}
		}
		switch {
		case !found:
			return fmt.Errorf("revoking %s: this CA has issued no such certificate", name)
		case changed:
			return c.writeIndex(x)
		case c.listed(x, func(e Issued) bool { return e.Name == name || e.Serial == name }):
			return fmt.Errorf("revoking %s: it is revoked already, and the list in force says so", name)
		}
		return nil // noted by a command that was cut off before it wrote the list
	})
}

// InForce says whether everything that is revoked is on the list in crl.pem.
func (c *CA) InForce() (bool, error) {
	x, err := c.readIndex()
	if err != nil {
		return false, err
	}
	return c.listed(x, func(Issued) bool { return true }), nil
}

// listed says whether crl.pem has all revoked certificates that which names. A
// list that is missing or cannot be read has none.
func (c *CA) listed(x *index, which func(Issued) bool) bool {
	text, err := os.ReadFile(c.path("crl.pem"))
	if err != nil {
		return false
	}
	lists, err := parseCRLs(text, []*x509.Certificate{c.cert})
	if err != nil {
		return false
	}
	for _, e := range x.Issued {
		if !e.Revoked.IsZero() && which(e) && !slices.ContainsFunc(lists, func(l revocationList) bool { return l.serials[e.Serial] }) {
			return false
		}
	}
	return true
}

// CRL writes a new revocation list, valid for that many days, to crl.pem. It
// replaces the old list in one step, and must be recreated before it ends.
func (c *CA) CRL(days int) (file string, err error) {
	if days < 1 {
		return "", fmt.Errorf("making a revocation list: it must be valid for a day or more, not %d", days)
	}
	file = c.path("crl.pem")
	return file, c.change(func(x *index) error {
		x.CRLNumber++
		text, err := c.list(x, days)
		if err != nil {
			return err
		}
		if err := c.writeIndex(x); err != nil {
			return err
		}
		return c.disk.replace(file, text, 0o644)
	})
}

func (c *CA) list(x *index, days int) ([]byte, error) {
	now := c.now().UTC().Truncate(time.Second)
	template := &x509.RevocationList{
		Number:             big.NewInt(x.CRLNumber),
		ThisUpdate:         now.Add(-clockSkew),
		NextUpdate:         now.AddDate(0, 0, days),
		SignatureAlgorithm: x509.SHA256WithRSA,
	}
	for _, e := range x.Issued {
		if e.Revoked.IsZero() {
			continue
		}
		n, ok := new(big.Int).SetString(e.Serial, 16)
		if !ok {
			return nil, fmt.Errorf("making a revocation list: issued.json has the serial number %q", e.Serial)
		}
		template.RevokedCertificateEntries = append(template.RevokedCertificateEntries,
			x509.RevocationListEntry{SerialNumber: n, RevocationTime: e.Revoked})
	}
	der, err := x509.CreateRevocationList(rand.Reader, template, c.cert, c.key)
	if err != nil {
		return nil, fmt.Errorf("making a revocation list: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der}), nil
}

// change runs do with the index, alone among all programs.
func (c *CA) change(do func(*index) error) error {
	unlock, err := lockFile(c.path(".lock"))
	if err != nil {
		return fmt.Errorf("changing the CA in %s: %w", c.dir, err)
	}
	defer unlock()
	x, err := c.readIndex()
	if err != nil {
		return err
	}
	if err := c.sweep(x); err != nil {
		return fmt.Errorf("changing the CA in %s: %w", c.dir, err)
	}
	return do(x)
}

// sweep removes what earlier commands, cut off, left half made or twice.
func (c *CA) sweep(x *index) error {
	left, err := filepath.Glob(c.path(temporary + "*"))
	keys, kerr := filepath.Glob(c.path(waitingKey("*")))
	for _, key := range keys {
		if !slices.ContainsFunc(x.Issued, func(e Issued) bool { return e.Pending != "" && c.path(waitingKey(e.Name)) == key }) {
			left = append(left, key)
		}
	}
	err = errors.Join(err, kerr)
	for _, file := range left {
		err = errors.Join(err, os.Remove(file))
	}
	return err
}

func (c *CA) readIndex() (*index, error) {
	x := &index{}
	text, err := os.ReadFile(c.path("issued.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return x, nil // nothing was issued yet
	}
	if err == nil {
		err = json.Unmarshal(text, x)
	}
	if err != nil {
		return nil, fmt.Errorf("reading what the CA in %s has issued: %w", c.dir, err)
	}
	return x, nil
}

func (c *CA) writeIndex(x *index) error {
	text, err := json.MarshalIndent(x, "", "  ")
	if err == nil {
		err = c.disk.replace(c.path("issued.json"), append(text, '\n'), 0o644)
	}
	if err != nil {
		return fmt.Errorf("noting what the CA in %s has issued: %w", c.dir, err)
	}
	return nil
}
