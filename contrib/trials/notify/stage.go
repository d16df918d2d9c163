package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"time"

	"busbar/common/event"
	"busbar/common/sign"
	"busbar/contrib/trials/trial"
	"busbar/fixtures/ports"
)

// A play is what runs.
type play struct {
	o         options
	site      *trial.Site
	publisher *trial.Publisher
	ledger    *ledger
	notify    *trial.Victim
	server    *trial.Victim
	people    []string // addresses
	listen    string   // where the program says how it is
	rng       *rand.Rand
}

// stage begins an act; end is to be called when it is over.
func stage(ctx context.Context, o options, s *trial.Site) (p *play, end func(), err error) {
	running, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	p = &play{o: o, site: s, rng: rand.New(rand.NewPCG(o.Seed, 16))}
	return p, func() { cancel(); wg.Wait() }, p.begin(running, &wg)
}

// begin makes the publisher.
func (p *play) begin(ctx context.Context, wg *sync.WaitGroup) error {
	ca, err := sign.CreateCA(p.site.Path("keys"), "Trial CA", 1)
	if err != nil {
		return err
	}
	if _, err := ca.CRL(7); err != nil {
		return err
	}
	p.publisher, err = trial.Publish(ctx, wg, p.site.Dir, "p.example.org", ca)
	return err
}

// servant is a server that is this program, called with other arguments.
func (p *play) servant(name string, args ...string) (*trial.Victim, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return p.beside(name, self, args...)
}

// beside is a program that is killed at the end of the act.
func (p *play) beside(name, program string, args ...string) (*trial.Victim, error) {
	log, err := os.Create(p.site.Path(name + ".log"))
	if err != nil {
		return nil, err
	}
	v := &trial.Victim{Program: program, Args: args, Log: log}
	p.site.Undo(func() error {
		if v.Running() {
			return errors.Join(v.Kill(), log.Close())
		}
		return log.Close()
	})
	return v, nil
}

// mailServer makes the mail server, and the ledger of what it accepts.
func (p *play) mailServer() (address string, err error) {
	if address, err = ports.Address(); err != nil {
		return "", err
	}
	if p.ledger, err = newLedger(p.site.Path("mails")); err != nil {
		return "", err
	}
	p.site.Undo(p.ledger.file.Close)
	p.server, err = p.servant("server", "smtp", address, p.site.Path("mails"))
	return address, err
}

func mailTable(address string) string {
	return fmt.Sprintf("[notify.mail]\nserver = %q\nfrom = \"Busbar <busbar@example.org>\"\n", address)
}

// configure writes rules and configuration, with tables of destinations, for the program.
func (p *play) configure(rules, tables string) error {
	if err := p.site.Mkdir("notify.d"); err != nil {
		return err
	}
	if err := os.WriteFile(p.site.Path("notify.d/people.toml"), []byte(rules), 0o600); err != nil {
		return err
	}
	var err error
	if p.listen, err = ports.Address(); err != nil {
		return err
	}
	err = p.site.Configure("bus", `[bus]
prefix = "org.example"
subscribe = [%q]
[sign]
ca = %q
crl = %q
[notify]
rules = %q
outbox = %q
from = "start"
listen = %q
%s`, p.publisher.Endpoint, p.site.Path("keys/ca.crt"), p.site.Path("keys/crl.pem"), p.site.Path("notify.d"), p.outbox(), p.listen, tables)
	p.notify = p.site.Daemon("bus", "notify")
	p.notify.Args = append([]string{"notify", "run"}, p.notify.Args[1:]...)
	return err
}

// outbox is the program's file.
func (p *play) outbox() string { return p.site.Path("outbox.db") }

// A build is what an event tells of one that failed.
type build struct {
	N       int    `json:"n"`
	Package string `json:"package"`
}

var buildKind = event.Define("trial.build.fail", "a build failed", func(b build) string { return fmt.Sprintf("%s failed to build (%d)", b.Package, b.N) }, nil)

// storm has builds of packages fail, each once, at so many a second from number from to
// to. It gives when each was said.
func (p *play) storm(ctx context.Context, from, to int, rate float64) ([]time.Time, error) {
	const together = 1000
	var said []time.Time
	began := time.Now()
	for n := from; n < to; {
		until := min(to, from+1+int(time.Since(began).Seconds()*rate), n+together)
		if until <= n {
			if err := trial.Pause(ctx, time.Millisecond); err != nil {
				return said, err
			}
			continue
		}
		var events []event.Event
		for now := time.Now(); n < until; n++ {
			said = append(said, now)
			events = append(events, event.Event{Kind: buildKind, Key: fmt.Sprint("build", n), Time: now, Body: build{n, packageOf(n)}})
		}
		if err := p.publisher.Say(ctx, events...); err != nil {
			return said, err
		}
	}
	return said, nil
}

func packageOf(n int) string { return fmt.Sprintf("package-%d", n) }
