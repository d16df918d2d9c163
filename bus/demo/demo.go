// Package demo is `bus demo`: a bus in a temporary folder, with all adapters, fed
// with what legacy services say. It is the only package of a program that links
// the fixtures; with the build tag nodemo it is left out.
package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"busbar/common/daemon"
	"busbar/common/show"
	"busbar/common/sign"
	"busbar/common/wire"
)

// Command is `bus demo`.
type Command struct {
	Demo run `cmd:"" help:"Make a bus in a temporary folder, feed it, and watch it work."`
}

type run struct {
	Pace   time.Duration `help:"Pause between two mails, and between two changes of the build queue." default:"400ms"`
	SQLite bool          `help:"Keep the build queue in SQLite, also where PostgreSQL is installed." name:"sqlite"`
	Keep   bool          `help:"Keep the folder."`
}

// The demo gives up on an adapter or a message that does not come. It ends when
// all have come, so that only a machine that is busy with much else waits long.
const demoPatience = 4 * time.Minute

// Run makes a bus in a temporary folder, starts the adapters, feeds them the
// fixtures through their real channels and shows what arrives.
func (c *run) Run(p *daemon.Program) (err error) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	dir, err := os.MkdirTemp("", "busbar-demo-")
	if err != nil {
		return fmt.Errorf("making the demo's folder: %w", err)
	}
	if !c.Keep {
		defer os.RemoveAll(dir)
	}
	work, ended := context.WithCancelCause(ctx)
	defer ended(nil)
	d := &demo{p: p, dir: dir, pace: c.Pace, absent: map[string]string{}, told: make(chan struct{}), ended: ended}
	defer func() { err = errors.Join(err, d.close()) }()
	if err := d.build(work, c.SQLite); err != nil {
		return interrupted(ctx, err)
	}
	if err := d.start(work); err != nil {
		return interrupted(ctx, err)
	}
	if err := d.show(work); err != nil {
		if cause := context.Cause(work); cause != nil {
			return interrupted(ctx, cause) // close says how it ended
		}
		return interrupted(ctx, errors.Join(err, d.trouble()))
	}
	if c.Keep {
		show.Fprintf(p.Stdout, "\nEverything is kept in %s.\n", dir)
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
	tracker  *bugTracker

	repositories []repository
	absent       map[string]string // kinds that this machine cannot show, and why
	told         chan struct{}     // closed when the whole story of the queue has arrived
	ended        func(error)       // an adapter did, by itself
}

func (d *demo) path(parts ...string) string {
	return filepath.Join(append([]string{d.dir}, parts...)...)
}

// build makes keys, folders, a database and the configuration.
func (d *demo) build(ctx context.Context, sqlite bool) (err error) {
	d.say("A bus in %s: an authority, a key for each publisher, a Maildir, a build queue, a bug tracker, repositories, journals.", d.dir)
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
	if err := os.Mkdir(d.path("maildir"), 0o700); err != nil {
		return fmt.Errorf("making the demo's folder: %w", err)
	}
	for _, sub := range []string{"maildir/new", "maildir/cur", "maildir/tmp", "spool", "scmspool", "git", "hg", "svn"} {
		if err := os.Mkdir(d.path(sub), 0o700); err != nil {
			return fmt.Errorf("making the demo's folder: %w", err)
		}
	}
	if d.queue, err = d.openQueue(ctx, sqlite); err != nil {
		return fmt.Errorf("making a build queue: %w", err)
	}
	if d.tracker, err = openTracker(); err != nil {
		return err
	}
	if err := d.openRepositories(ctx); err != nil {
		return fmt.Errorf("making repositories: %w", err)
	}
	mails := fmt.Sprintf("[mail]\nmaildir = [%q]\nspool = %q\n", d.path("maildir"), d.path("spool"))
	if err := d.add(ctx, ca, "mail2bus", mails); err != nil {
		return err
	}
	if err := d.add(ctx, ca, "dbpoll", d.rows()); err != nil {
		return err
	}
	if err := d.add(ctx, ca, "soapbus", d.tracker.config()); err != nil || len(d.repositories) == 0 {
		return err
	}
	return d.add(ctx, ca, "scmhook", fmt.Sprintf("[scm]\nspool = %q\nrepositories = [%q, %q, %q]\n",
		d.path("scmspool"), d.path("git", "*.git"), d.path("hg", "*"), d.path("svn", "*")))
}

// rows is dbpoll's own configuration.
func (d *demo) rows() string {
	return fmt.Sprintf("[db]\nurl = %q\npreset = \"wanna-build\"\ninterval = \"1s\"\n", d.queue.url())
}

// add makes one adapter's key and configuration.
func (d *demo) add(ctx context.Context, ca *sign.CA, name, own string) (err error) {
	a := &adapter{name: name, config: d.path(name + ".toml"), journal: d.path(name + ".db")}
	if a.program, err = findProgram(ctx, name, d.dir); err != nil {
		return err
	}
	if a.endpoint, a.held, err = holdEndpoint(); err != nil {
		return err
	}
	if a.cert, a.key, err = ca.Issue(name+"-demo.example.org", 7); err != nil {
		return err
	}
	d.adapters = append(d.adapters, a)
	return a.configure(own)
}

// configure writes the configuration.
func (a *adapter) configure(own string) error {
	config := fmt.Sprintf(demoConfig, a.name+".demo", a.endpoint, a.journal, a.cert, a.key, own)
	if err := os.WriteFile(a.config, []byte(config), 0o600); err != nil {
		return fmt.Errorf("writing the demo's configuration: %w", err)
	}
	return nil
}

func (d *demo) adapter(name string) *adapter {
	for _, a := range d.adapters {
		if a.name == name {
			return a
		}
	}
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

// show follows the bus while mails, rows and pushes go in, and counts what comes
// out.
func (d *demo) show(ctx context.Context) error {
	verifier, err := sign.NewVerifier(sign.VerifierOptions{CAFile: d.path("keys", "ca.crt"), CRLFile: d.path("keys", "crl.pem")})
	if err != nil {
		return err
	}
	var feeders sync.WaitGroup
	defer feeders.Wait() // one of them starts a program
	all := ctx
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
	stories := []func(context.Context) error{d.feed, d.play, d.live, d.push}
	fed := make(chan error, len(stories))
	for _, tell := range stories {
		feeders.Go(func() { fed <- tell(ctx) })
	}
	s, err := d.watch(ctx, f, fed, len(stories))
	if err != nil {
		return err
	}
	return d.summary(all, s)
}

func (d *demo) say(format string, args ...any) { show.Fprintf(d.p.Stdout, format+"\n", args...) }
