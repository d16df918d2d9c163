// Package keys is `bus keys`: a small certificate authority for the bus.
package keys

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"busbar/common/program"
	"busbar/common/show"
	"busbar/common/sign"
)

// Command is `bus keys`.
type Command struct {
	Keys keys `cmd:"" help:"A small certificate authority for the bus."`
}

type keys struct {
	Dir  string `help:"Folder of the authority." default:"." placeholder:"DIR" type:"path"`
	Init struct {
		Name  string `help:"Name of the authority." default:"Busbar CA"`
		Years int    `help:"How long it lasts." default:"20"`
	} `cmd:"" help:"Make an authority: ca.crt, ca.key and an empty revocation list."`
	Issue struct {
		Name string `arg:"" help:"Name of the publisher, by custom SERVICE-HOST: mail2bus-busbar.example.org."`
		Days int    `help:"How long the certificate lasts." default:"825"`
	} `cmd:"" help:"Make keys (RSA, and Ed25519 in the same file) and a certificate for a publisher."`
	Sign struct {
		Request string `arg:"" help:"File with the request, as PROGRAM setup --request makes it." type:"path"`
		Days    int    `help:"How long the certificate lasts." default:"825"`
	} `cmd:"" help:"Certify keys that were made on another machine, under the name that the request says."`
	AddEd25519 struct {
		Name string `arg:"" help:"Name of the publisher; its certificate and key are in the folder."`
		Days int    `help:"How long the new certificate lasts." default:"825"`
	} `cmd:"" name:"add-ed25519" help:"Give a publisher that has an RSA key alone an Ed25519 key, and a certificate of both."`
	Revoke struct {
		Name string `arg:"" help:"Name of the publisher."`
	} `cmd:"" help:"Revoke a certificate and write a new revocation list."`
	CRL struct {
		Days int `help:"How long the list lasts." default:"365"`
	} `cmd:"" name:"crl" help:"Write a new revocation list, before it expires."`
	List struct {
	} `cmd:"" help:"List what was issued, and the OpenPGP keys."`
	GPGMake struct {
		Name string `arg:"" help:"Name of the publisher; its messages come from gpg:NAME."`
		Days int    `help:"How long the key lasts." default:"825"`
	} `cmd:"" name:"gpg-make" help:"Make an OpenPGP key for a publisher that signs with one ([sign] backend = \"gpg\"): Ed25519, which GnuPG reads. No authority is needed."`
	GPGImport struct {
		Name string `arg:"" help:"Name of the publisher."`
		File string `arg:"" help:"File with one key, as gpg --export or gpg --export-secret-keys writes it." type:"path"`
	} `cmd:"" name:"gpg-import" help:"Take a key that was made with GnuPG, public or secret, or its newer form."`
	GPGExport struct {
		Name string `arg:"" help:"Name of the publisher."`
	} `cmd:"" name:"gpg-export" help:"Print a publisher's public keys, as gpg --import reads them."`
}

// Run works on the authority in Dir, or on the OpenPGP keys that lie there.
func (c *keys) Run(k *program.Selected, p *program.Env) error {
	if strings.HasPrefix(k.Leaf, "gpg-") {
		return c.gpg(k.Leaf, p)
	}
	if k.Leaf == "init" {
		ca, err := sign.CreateCA(c.Dir, c.Init.Name, c.Init.Years)
		if err != nil {
			return err
		}
		return c.writeCRL(p, ca, 365)
	}
	ca, err := sign.OpenCA(c.Dir)
	if k.Leaf == "list" {
		some, gerr := c.listGPG(p)
		if gerr != nil || some && errors.Is(err, fs.ErrNotExist) {
			return gerr
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no authority in %s, or not all of it: ca.crt, ca.key (make one with: bus keys init --dir %[1]s)", c.Dir)
	}
	if err != nil {
		return err
	}
	switch k.Leaf {
	case "issue":
		return issued(p)(ca.Issue(c.Issue.Name, c.Issue.Days))
	case "sign":
		return c.sign(p, ca)
	case "add-ed25519":
		return issued(p)(ca.AddEd25519(c.AddEd25519.Name, c.AddEd25519.Days))
	case "revoke":
		if err := ca.Revoke(c.Revoke.Name); err != nil {
			return err
		}
		return c.writeCRL(p, ca, 365)
	case "crl":
		return c.writeCRL(p, ca, c.CRL.Days)
	}
	return list(p, ca)
}

// sign answers a request.
func (c *keys) sign(p *program.Env, ca *sign.CA) error {
	text, err := os.ReadFile(c.Sign.Request)
	if err != nil {
		return fmt.Errorf("reading a request: %w", err)
	}
	request, err := sign.ReadRequest(text)
	if err != nil {
		return err
	}
	file, err := ca.Sign(request, c.Sign.Days)
	if err == nil {
		show.Fprintf(p.Stdout, "certificate %s (of %s; bring it there with %s and crl.pem)\n", file, request.Name, filepath.Join(c.Dir, "ca.crt"))
	}
	return err
}

// issued says what was made.
func issued(p *program.Env) func(crt, key string, err error) error {
	return func(crt, key string, err error) error {
		if err == nil {
			show.Fprintf(p.Stdout, "certificate %s\nkey         %s (keep it secret; the publisher alone reads it)\n", crt, key)
		}
		return err
	}
}

func (c *keys) writeCRL(p *program.Env, ca *sign.CA, days int) error {
	file, err := ca.CRL(days)
	if err != nil {
		return err
	}
	show.Fprintf(p.Stdout, "authority   %s\nrevocations %s (renew it within %d days: bus keys crl)\n", filepath.Join(c.Dir, "ca.crt"), file, days)
	return nil
}

func list(p *program.Env, ca *sign.CA) error {
	issued, err := ca.List()
	if err != nil {
		return err
	}
	inForce, err := ca.InForce()
	if err != nil {
		return err
	}
	if !inForce {
		show.Fprintln(p.Stderr, "bus: the revocation list does not say all that is revoked here: a command was cut off; write it with: bus keys crl")
	}
	for _, i := range issued {
		state := "valid until " + i.NotAfter.Format(time.DateOnly)
		if !i.Revoked.IsZero() {
			state = "revoked"
		} else if i.Pending != "" {
			state = "not whole yet: a command was cut off; issue it again"
		} else if time.Now().After(i.NotAfter) {
			state = "expired " + i.NotAfter.Format(time.DateOnly)
		}
		show.Fprintf(p.Stdout, "%s  %s  serial %s\n", i.Name, state, i.Serial)
	}
	return nil
}
