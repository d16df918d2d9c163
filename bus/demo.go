package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"busbar/common/daemon"
	"busbar/common/sign"
	"busbar/common/wire"
	"busbar/fixtures"
)

type demoCmd struct {
	Pace time.Duration `help:"Pause between two mails." default:"400ms"`
	Keep bool          `help:"Keep the folder."`
}

// The demo gives up on an adapter or a message that does not come.
const demoPatience = 45 * time.Second

// Run makes a bus in a temporary folder, starts the adapters, feeds them the
// fixtures through their real channels and shows what arrives.
func (c *demoCmd) Run(p *daemon.Program) (err error) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	dir, err := os.MkdirTemp("", "busbar-demo-")
	if err != nil {
		return fmt.Errorf("making the demo's folder: %w", err)
	}
	if !c.Keep {
		defer os.RemoveAll(dir)
	}
	d := &demo{p: p, dir: dir, pace: c.Pace}
	if err := d.build(ctx); err != nil {
		return err
	}
	adapter, err := d.start()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, adapter.stop()) }()
	if err := d.show(ctx); err != nil {
		if ctx.Err() != nil {
			return errors.New("the demo was interrupted")
		}
		return errors.Join(err, adapter.trouble())
	}
	if c.Keep {
		fmt.Fprintf(p.Stdout, "\nEverything is kept in %s.\n", dir)
	}
	return nil
}

// A demo is a bus in a folder.
type demo struct {
	p        *daemon.Program
	dir      string
	pace     time.Duration
	mail2bus string // the program
	endpoint string
	mails    []mailFixture
}

type mailFixture struct {
	name string
	raw  []byte
}

func (d *demo) path(parts ...string) string {
	return filepath.Join(append([]string{d.dir}, parts...)...)
}

// build makes keys, folders and the configuration.
func (d *demo) build(ctx context.Context) (err error) {
	d.say("A bus in %s: an authority, a key for the publisher, a Maildir, a journal.", d.dir)
	if d.mail2bus, err = findProgram(ctx, "mail2bus", d.dir); err != nil {
		return err
	}
	if d.mails, err = loadMails(); err != nil {
		return err
	}
	if d.endpoint, err = freeEndpoint(); err != nil {
		return err
	}
	ca, err := sign.CreateCA(d.path("keys"), "Busbar demo CA", 1)
	if err != nil {
		return err
	}
	if _, err := ca.CRL(7); err != nil {
		return err
	}
	crt, key, err := ca.Issue("mail2bus-demo.example.org", 7)
	if err != nil {
		return err
	}
	for _, sub := range []string{"maildir", "spool"} {
		if err := os.Mkdir(d.path(sub), 0o700); err != nil {
			return fmt.Errorf("making the demo's folder: %w", err)
		}
	}
	config := fmt.Sprintf(demoConfig, d.endpoint, d.path("journal.db"), crt, key, d.path("maildir"), d.path("spool"))
	if err := os.WriteFile(d.path("mail2bus.toml"), []byte(config), 0o600); err != nil {
		return fmt.Errorf("writing the demo's configuration: %w", err)
	}
	return nil
}

const demoConfig = `[bus]
prefix = "org.debian"
environment = "dev"
name = "mail2bus.demo"
publish = [%q]
journal = %q
compat = ["debmessenger"]
heartbeat = "1s"

[sign]
certificate = %q
key = %q

[mail]
maildir = [%q]
spool = %q
`

// show follows the bus while the mails go in, and counts what comes out.
func (d *demo) show(ctx context.Context) error {
	verifier, err := sign.NewVerifier(sign.VerifierOptions{CAFile: d.path("keys", "ca.crt"), CRLFile: d.path("keys", "crl.pem")})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, demoPatience+time.Duration(len(d.mails))*d.pace)
	defer cancel()
	f, err := wire.Follow(ctx, wire.FollowOptions{Endpoints: []string{d.endpoint}, Verifier: verifier})
	if err != nil {
		return err
	}
	defer f.Close()
	// A heartbeat shows that the subscription holds: nothing said from now on
	// is missed.
	if err := awaitHeartbeat(ctx, f); err != nil {
		return fmt.Errorf("waiting for the publisher: %w", err)
	}
	fed := make(chan error, 1)
	go func() { fed <- d.feed(ctx) }()
	seen, err := d.watch(ctx, f, fed)
	if err != nil {
		return err
	}
	return d.summary(ctx, seen)
}

func loadMails() ([]mailFixture, error) {
	files, err := fs.Glob(fixtures.Mails, "*/*.mail")
	if err != nil {
		return nil, err
	}
	var mails []mailFixture
	for _, f := range files {
		if strings.HasPrefix(f, "hostile/") {
			continue
		}
		raw, err := fs.ReadFile(fixtures.Mails, f)
		if err != nil {
			return nil, err
		}
		mails = append(mails, mailFixture{f, raw})
	}
	return mails, nil
}

func (d *demo) say(format string, args ...any) { fmt.Fprintf(d.p.Stdout, format+"\n", args...) }
