package keys

import (
	"errors"
	"io/fs"
	"time"

	"busbar/common/pgp"
	"busbar/common/program"
	"busbar/common/show"
)

// gpg works on the OpenPGP keys in Dir.
func (c *keys) gpg(leaf string, p *program.Env) error {
	folder := pgp.Folder(c.Dir)
	switch leaf {
	case "gpg-make":
		return made(p)(folder.Make(c.GPGMake.Name, c.GPGMake.Days, time.Now()))
	case "gpg-import":
		return made(p)(folder.Import(c.GPGImport.Name, c.GPGImport.File, time.Now()))
	}
	text, err := folder.Export(c.GPGExport.Name)
	if err == nil {
		_, err = p.Stdout.Write(text)
	}
	return err
}

// made says what lies in the folder now.
func made(p *program.Env) func(public, secret string, err error) error {
	return func(public, secret string, err error) error {
		if err != nil {
			return err
		}
		show.Fprintf(p.Stdout, "public %s (bring it to subscribers: [sign] keyring)\n", public)
		if secret != "" {
			show.Fprintf(p.Stdout, "secret %s (keep it secret; the publisher alone reads it: [sign] key)\n", secret)
		}
		return nil
	}
}

// listGPG lists the OpenPGP keys in Dir, and tells whether there are some.
func (c *keys) listGPG(p *program.Env) (bool, error) {
	ring, err := pgp.ReadRing(c.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	for _, k := range ring.Keys() {
		state := "valid for ever"
		if !k.To.IsZero() {
			state = "valid until " + k.To.Format(time.DateOnly)
		}
		if err := k.At(time.Now()); err != nil {
			state = err.Error()
		}
		show.Fprintf(p.Stdout, "gpg:%s  %s  fingerprint %s\n", ring.Name(k), state, k.Fingerprint)
	}
	return len(ring.Keys()) > 0, nil
}
