// Package demo is `bus demo`: a bus in a temporary folder, with all adapters, fed
// with what legacy services say. It is the only package of a program that links
// the fixtures; with the build tag nodemo it is left out.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"busbar/bus/badges/award"
	"busbar/common/canary"
	"busbar/common/program"
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
	Stay   bool          `help:"Go on until it is interrupted, for a look around in a browser."`
}

// The demo gives up on an adapter or a message that does not come. It ends when
// all have come, so that only a machine that is busy with much else waits long.
const demoPatience = 4 * time.Minute

// Run makes a bus in a temporary folder, starts the adapters, feeds them the
// fixtures through their real channels and shows what arrives.
func (c *run) Run(p *program.Env) (err error) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
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
	d := &demo{p: p, dir: dir, pace: c.Pace, absent: map[string]string{}, queueDone: make(chan struct{}), ended: ended}
	for _, k := range canary.Kinds() {
		d.absent[k.Topic] = "no canary is sent in so short a time"
	}
	for _, k := range award.Kinds() {
		d.absent[k.Topic] = "nobody is given badges"
	}
	d.consumer.name, d.hub.name = "bus tail", "bus hub"
	defer func() { err = errors.Join(err, d.close()) }()
	if err := d.build(work, c.SQLite); err != nil {
		return interrupted(ctx, err)
	}
	if err := d.start(work); err != nil {
		return interrupted(ctx, err)
	}
	if err := d.listen(); err != nil {
		return interrupted(ctx, err)
	}
	d.say("Mails go in, commits are pushed, bugs of a tracker that answers SOAP change, and %s; events come out.", d.queue.what())
	d.say("(recovered) marks what an adapter found out later than it happened; debmessenger and debexpo are events once more, as older programs know them.\n")
	if err := d.show(work); err != nil {
		if cause := context.Cause(work); cause != nil {
			return interrupted(ctx, cause) // close says how it ended
		}
		return interrupted(ctx, errors.Join(err, d.failure()))
	}
	if c.Stay {
		if err := d.stay(ctx, work); err != nil {
			return err
		}
	}
	if c.Keep {
		d.say("\nEverything is kept in %s. To check a journal, there:\n  bus verify mail2bus.db --ca keys/ca.crt --crl keys/crl.pem", dir)
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
	p        *program.Env
	dir      string
	pace     time.Duration
	adapters []*adapter
	opened   []io.Closer // servers of the services
	consumer process     // bus tail with a position
	hub      process     // bus hub

	mails        []mailFixture
	queue        buildQueue
	tracker      *bugTracker
	repositories []repository

	absent    map[string]string // kinds that this machine cannot show, and why
	queueDone chan struct{}     // closed when the whole story of the queue has arrived
	ended     func(error)       // an adapter did, by itself
}

func (d *demo) path(parts ...string) string {
	return filepath.Join(append([]string{d.dir}, parts...)...)
}

// build makes the services, keys and configurations.
func (d *demo) build(ctx context.Context, sqlite bool) error {
	d.say("A bus in %s: an authority, a key for each publisher, a Maildir, a build queue, a bug tracker, repositories, journals.", d.dir)
	if err := d.openMails(); err != nil {
		return fmt.Errorf("making a mail system: %w", err)
	}
	if err := d.openQueue(ctx, sqlite); err != nil {
		return fmt.Errorf("making a build queue: %w", err)
	}
	if err := d.openTracker(); err != nil {
		return fmt.Errorf("making a bug tracker: %w", err)
	}
	if err := d.openRepositories(ctx); err != nil {
		return fmt.Errorf("making repositories: %w", err)
	}
	d.adapters = []*adapter{
		{process: process{name: "mail2bus"}, tables: d.mailTables, play: d.feed},
		{process: process{name: "dbpoll"}, tables: d.queueTables, play: d.changeQueue, before: []string{"poll"}},
		{process: process{name: "soapbus"}, tables: d.tracker.tables, play: d.changeBugs, before: []string{"poll"}},
	}
	if len(d.repositories) > 0 {
		d.adapters = append(d.adapters, &adapter{process: process{name: "scmhook"}, tables: d.scmTables, play: d.push, before: []string{"reconcile", "install"}})
	}
	if err := d.findPrograms(ctx); err != nil {
		return err
	}
	ca, err := sign.CreateCA(d.path("keys"), "Busbar demo CA", 1)
	if err != nil {
		return err
	}
	if _, err := ca.CRL(7); err != nil {
		return err
	}
	for _, a := range d.adapters {
		a.config, a.journal, a.log = d.path(a.name+".toml"), d.path(a.name+".db"), d.path(a.name+".log")
		if a.endpoint, a.held, err = holdEndpoint(); err != nil {
			return err
		}
		if a.cert, a.key, err = ca.Issue(a.name+"-demo.example.org", 7); err != nil {
			return err
		}
		if err := a.configure(); err != nil {
			return err
		}
	}
	return nil
}

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
	if err := d.begins(ctx); err != nil {
		return fmt.Errorf("beginning the life of %s: %w", life, err)
	}
	fed := make(chan error, len(d.adapters))
	for _, a := range d.adapters {
		feeders.Go(func() { fed <- a.play(ctx) })
	}
	s, err := d.watch(ctx, f, verifier, fed)
	if err != nil {
		return err
	}
	if err := d.comesBack(ctx, s); err != nil {
		return err
	}
	if err := d.ask(ctx); err != nil {
		return err
	}
	return d.summary(all, s)
}
