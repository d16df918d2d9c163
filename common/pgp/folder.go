package pgp

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"

	"busbar/common/durable"
)

// A Folder has the keys of publishers: NAME.asc, public, as subscribers take it for
// their keyring, and where a key was made here NAME.sec, secret. It can be an
// authority's folder, too. Secret keys are never overwritten.
type Folder string

func (f Folder) public(name string) string { return filepath.Join(string(f), name+".asc") }
func (f Folder) secret(name string) string { return filepath.Join(string(f), name+".sec") }

// Make makes a key for a publisher.
func (f Folder) Make(name string, days int, now time.Time) (public, secret string, err error) {
	if err := checkName(name); err != nil {
		return "", "", err
	}
	e, err := Make(name, days, now)
	if err != nil {
		return "", "", err
	}
	if err := os.MkdirAll(string(f), 0o755); err != nil {
		return "", "", fmt.Errorf("making a key: %w", err)
	}
	return f.keep(name, e)
}

// Import takes a key that was made elsewhere, with GnuPG or on another machine: public,
// or secret without a passphrase. A publisher's further key stands beside the one that
// it has, and a key that is there already is replaced: it may end later now, or be
// revoked. Without a secret key in the file, secret is empty.
func (f Folder) Import(name, file string, now time.Time) (public, secret string, err error) {
	if err := checkName(name); err != nil {
		return "", "", err
	}
	keys, err := ReadFile(file)
	if err != nil {
		return "", "", fmt.Errorf("importing a key: %w", err)
	}
	if len(keys) != 1 {
		return "", "", fmt.Errorf("importing a key: %s holds %d keys, and a publisher signs with one (hint: gpg --export FINGERPRINT)", file, len(keys))
	}
	e := keys[0]
	if e.PrivateKey != nil {
		if _, err := secretOf(e, now); err != nil {
			return "", "", fmt.Errorf("importing a key: %s: %w", file, err)
		}
	} else if len(signing(e)) == 0 {
		return "", "", fmt.Errorf("importing a key: %s: %w", file, unfit(e, now))
	}
	return f.keep(name, e)
}

// keep writes the secret key first: a public one that nobody can use is of no use.
func (f Folder) keep(name string, e *openpgp.Entity) (public, secret string, err error) {
	public = f.public(name)
	if e.PrivateKey != nil {
		secret = f.secret(name)
		text, err := Private(e)
		if err != nil {
			return "", "", err
		}
		err = durable.Create(secret, text, 0o600, nil)
		if errors.Is(err, fs.ErrExist) {
			return "", "", fmt.Errorf("keeping a key: %s exists (hint: move it away to give %s another one)", secret, name)
		}
		if err != nil {
			return "", "", fmt.Errorf("keeping a key: %w", err)
		}
	}
	return public, secret, f.publish(name, e)
}

func (f Folder) publish(name string, e *openpgp.Entity) error {
	had, err := ReadFile(f.public(name))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("keeping a key: %w", err)
	}
	text, err := Public(e)
	if err != nil {
		return err
	}
	for _, old := range had {
		if bytes.Equal(old.PrimaryKey.Fingerprint, e.PrimaryKey.Fingerprint) {
			continue
		}
		more, err := Public(old)
		if err != nil {
			return err
		}
		text = append(text, more...)
	}
	if err := durable.Replace(f.public(name), text, 0o644, nil); err != nil {
		return fmt.Errorf("keeping a key: %w", err)
	}
	return nil
}

// Export is the public keys of a publisher, armored, as `gpg --import` reads them.
func (f Folder) Export(name string) ([]byte, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	keys, err := ReadFile(f.public(name))
	if err != nil {
		return nil, fmt.Errorf("exporting a key: %w", err)
	}
	var text []byte
	for _, e := range keys {
		one, err := Public(e)
		if err != nil {
			return nil, err
		}
		text = append(text, one...)
	}
	return text, nil
}

func checkName(name string) error {
	if !GoodName.MatchString(name) {
		return fmt.Errorf("%q cannot be a name (1 to 64 of letters, digits, \".\", \"_\" and \"-\")", name)
	}
	return nil
}
