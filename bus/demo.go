package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"busbar/common/daemon"
	"busbar/common/sign"
	"busbar/common/wire"
)

type demoCmd struct {
	Pace   time.Duration `help:"Pause between two mails, two changes of the build queue, and two pushes." default:"400ms"`
	SQLite bool          `help:"Keep the build queue in SQLite, also where PostgreSQL is installed." name:"sqlite"`
	Keep   bool          `help:"Keep the folder."`
}

// feeders are those who give the adapters something to tell.
const feeders = 3

// The demo gives up on an adapter or a message that does not come.
const demoPatience = 3 * time.Minute

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
	defer func() { err = errors.Join(err, d.close()) }()
	if err := d.build(ctx, c.SQLite); err != nil {
		return interrupted(ctx, err)
	}
	if err := d.start(ctx); err != nil {
		return interrupted(ctx, err)
	}
	if err := d.show(ctx); err != nil {
		return interrupted(ctx, errors.Join(err, d.trouble()))
	}
	if c.Keep {
		fmt.Fprintf(p.Stdout, "\nEverything is kept in %s.\n", dir)
	}
	return nil
}

// interrupted says so instead of telling what broke because of it.
func interrupted(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errors.New("the demo was interrupted")
	}
	return err
}

// A demo is a bus in a folder.
type demo struct {
	p        *daemon.Program
	dir      string
	pace     time.Duration
	adapters []*adapter
	mails    []mailFixture
	queue    buildQueue
}

func (d *demo) path(parts ...string) string {
	return filepath.Join(append([]string{d.dir}, parts...)...)
}

// build makes keys, folders, a database and the configuration.
func (d *demo) build(ctx context.Context, sqlite bool) (err error) {
	d.say("A bus in %s: an authority, a key for each publisher, a Maildir, a build queue, journals.", d.dir)
	if d.mails, err = loadMails(); err != nil {
		return err
	}
	ca, err := sign.CreateCA(d.path("keys"), "Busbar demo CA", 1)
	if err != nil {
		return err
	}
	if _, err := ca.CRL(7); err != nil {
		return err
	}
	for _, sub := range []string{"maildir", "spool"} {
		if err := os.Mkdir(d.path(sub), 0o700); err != nil {
			return fmt.Errorf("making the demo's folder: %w", err)
		}
	}
	if d.queue, err = d.openQueue(ctx, sqlite); err != nil {
		return fmt.Errorf("making a build queue: %w", err)
	}
	mails := fmt.Sprintf("[mail]\nmaildir = [%q]\nspool = %q\n", d.path("maildir"), d.path("spool"))
	rows := fmt.Sprintf("[db]\nurl = %q\npreset = \"wanna-build\"\ninterval = \"1s\"\n", d.queue.url())
	if err := d.add(ctx, ca, "mail2bus", mails); err != nil {
		return err
	}
	if err := d.add(ctx, ca, "dbpoll", rows); err != nil {
		return err
	}
	// Its first poll only takes note of what there is: what changes from now on
	// is news.
	d.adapters[len(d.adapters)-1].first = []string{"poll"}
	return d.addPushes(ctx, ca)
}

// add makes one adapter's key and configuration.
func (d *demo) add(ctx context.Context, ca *sign.CA, name, own string) (err error) {
	a := &adapter{name: name, config: d.path(name + ".toml"), journal: d.path(name + ".db")}
	if a.program, err = findProgram(ctx, name, d.dir); err != nil {
		return err
	}
	if a.endpoint, err = freeEndpoint(); err != nil {
		return err
	}
	crt, key, err := ca.Issue(name+"-demo.example.org", 7)
	if err != nil {
		return err
	}
	config := fmt.Sprintf(demoConfig, name+".demo", a.endpoint, a.journal, crt, key, own)
	if err := os.WriteFile(a.config, []byte(config), 0o600); err != nil {
		return fmt.Errorf("writing the demo's configuration: %w", err)
	}
	d.adapters = append(d.adapters, a)
	return nil
}

const demoConfig = `[bus]
prefix = "org.debian"
environment = "dev"
name = %q
publish = [%q]
journal = %q
compat = ["debmessenger"]
heartbeat = "1s"

[sign]
certificate = %q
key = %q

%s`

// show follows the bus while mails and rows go in, and counts what comes out.
func (d *demo) show(ctx context.Context) error {
	verifier, err := sign.NewVerifier(sign.VerifierOptions{CAFile: d.path("keys", "ca.crt"), CRLFile: d.path("keys", "crl.pem")})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, demoPatience+time.Duration(max(len(d.mails), len(story())))*d.pace)
	defer cancel()
	var endpoints []string
	for _, a := range d.adapters {
		endpoints = append(endpoints, a.endpoint)
	}
	f, err := wire.Follow(ctx, wire.FollowOptions{Endpoints: endpoints, Verifier: verifier})
	if err != nil {
		return err
	}
	defer f.Close()
	// A heartbeat shows that the subscription holds: nothing said from now on
	// is missed.
	if err := awaitHeartbeats(ctx, f, len(d.adapters)); err != nil {
		return fmt.Errorf("waiting for the publishers: %w", err)
	}
	fed := make(chan error, feeders)
	go func() { fed <- d.feed(ctx) }()
	go func() { fed <- d.play(ctx) }()
	go func() { fed <- d.push(ctx) }()
	s, err := d.watch(ctx, f, fed)
	if err != nil {
		return err
	}
	return d.summary(ctx, s)
}

func (d *demo) say(format string, args ...any) { fmt.Fprintf(d.p.Stdout, format+"\n", args...) }
