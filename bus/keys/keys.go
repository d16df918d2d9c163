// Package keys is `bus keys`: a small certificate authority for the bus.
package keys

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
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
	} `cmd:"" help:"List what was issued."`
}

// Run works on the authority in Dir.
func (c *keys) Run(k *program.Selected, p *program.Env) error {
	if k.Leaf == "init" {
		ca, err := sign.CreateCA(c.Dir, c.Init.Name, c.Init.Years)
		if err != nil {
			return err
		}
		return c.writeCRL(p, ca, 365)
	}
	ca, err := sign.OpenCA(c.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w (make an authority with: bus keys init --dir %s)", err, c.Dir)
	}
	if err != nil {
		return err
	}
	switch k.Leaf {
	case "issue":
		return issued(p)(ca.Issue(c.Issue.Name, c.Issue.Days))
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
