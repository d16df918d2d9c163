package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"busbar/common/sign"
	"busbar/contrib/trials/trial"
	"busbar/fixtures/ports"
)

// A site is one bus: publishers, and who follows them.
type site struct {
	*trial.Site
	ca       *sign.CA // nil: nothing is signed
	verifier *sign.Verifier
	rng      *rand.Rand

	publishers []*publisher
	followers  []*follower // of publishers: subscribers and hubs
	hubs       []*hub
	events     *follower // of hubs
}

// A daemon is what is killed and started again. Whoever does so holds mu.
type daemon struct {
	*trial.Victim
	name string
	mu   sync.Mutex
}

// A publisher is a program that publishes.
type publisher struct {
	daemon
	address string // where it binds, HOST:PORT
	journal string
	more    string // of its configuration, behind the shared tables
	keep    string // [bus] keep_size; empty: all
	source  source
}

// A follower is a program that gets what others publish, each through a proxy of its
// own.
type follower struct {
	daemon
	subscriber bool // not a hub
	linking    sync.Mutex
	links      map[string]*proxy
}

// A hub is one with /events.
type hub struct {
	*follower
	address string
}

func newSite(at *trial.Site, o options, signed bool) (*site, error) {
	s := &site{Site: at, rng: rand.New(rand.NewPCG(o.Seed, 1))}
	if !signed {
		return s, nil
	}
	var err error
	if s.ca, err = sign.CreateCA(s.Path("keys"), "Trial CA", 1); err != nil {
		return nil, err
	}
	if _, err := s.ca.CRL(7); err != nil {
		return nil, err
	}
	s.verifier, err = sign.NewVerifier(sign.VerifierOptions{CAFile: s.Path("keys/ca.crt"), CRLFile: s.Path("keys/crl.pem")})
	return s, err
}

// publisher adds one that has still to be started.
func (s *site) publisher(name, program, command string, src source, beat time.Duration, more string, args ...string) (*publisher, error) {
	p := &publisher{journal: s.Path(name + ".journal.db"), source: src, daemon: daemon{name: name}}
	p.more = fmt.Sprintf("heartbeat = %q\n", beat) + s.signing(name) + more
	var err error
	if p.address, err = ports.Address(); err != nil {
		return nil, err
	}
	if s.ca != nil {
		if _, _, err := s.ca.Issue(name, 7); err != nil {
			return nil, err
		}
	}
	if p.Victim, err = s.Named(name, program, append([]string{command}, args...)...); err != nil {
		return nil, err
	}
	s.publishers = append(s.publishers, p)
	return p, s.configure(p)
}

func (s *site) signing(name string) string {
	if s.ca == nil {
		return "[sign]\nbackend = \"none\"\n"
	}
	return fmt.Sprintf("[sign]\ncertificate = %q\nkey = %q\n", s.Path("keys/"+name+".crt"), s.Path("keys/"+name+".key"))
}

// configure writes a publisher's configuration.
func (s *site) configure(p *publisher) error {
	keep := ""
	if p.keep != "" {
		keep = fmt.Sprintf("keep_size = %q\n", p.keep)
	}
	return s.Configure(p.name, "[bus]\nname = %q\npublish = [%q]\njournal = %q\n%s%s", p.name, "tcp://"+p.address, p.journal, keep, p.more)
}

// follower adds one that has still to be started. It finds publishers in a directory
// of its own.
func (s *site) follower(name, program, command, more string, args ...string) (*follower, error) {
	f := &follower{daemon: daemon{name: name}, subscriber: command != "hub", links: map[string]*proxy{}}
	if err := os.Mkdir(s.Path(name+".d"), 0o700); err != nil {
		return nil, err
	}
	trust := "[sign]\nbackend = \"none\"\n"
	if s.ca != nil {
		trust = fmt.Sprintf("[sign]\nca = %q\ncrl = %q\n", s.Path("keys/ca.crt"), s.Path("keys/crl.pem"))
	}
	if err := s.Configure(name, "[bus]\ndiscover = [%q]\n%s%s", "dir:"+s.Path(name+".d"), trust, more); err != nil {
		return nil, err
	}
	var err error
	if f.Victim, err = s.Named(name, program, append([]string{command}, args...)...); err != nil {
		return nil, err
	}
	for _, p := range s.publishers {
		if err := s.link(f, p); err != nil {
			return nil, err
		}
	}
	s.followers = append(s.followers, f)
	return f, nil
}

// link has a follower find a publisher where it is now, behind a new proxy; one to
// where it was is closed.
func (s *site) link(f *follower, p *publisher) error {
	link, err := newProxy(p.address)
	if err != nil {
		return err
	}
	s.Undo(link.close)
	f.linking.Lock()
	before := f.links[p.name]
	f.links[p.name] = link
	f.linking.Unlock()
	file := filepath.Join(s.Path(f.name+".d"), p.name+".toml")
	if err := os.WriteFile(file+".new", fmt.Appendf(nil, "[endpoints]\n%q = [%q]\n", p.name, "tcp://"+link.address()), 0o600); err != nil {
		return err
	}
	if err := os.Rename(file+".new", file); err != nil {
		return err
	}
	if before != nil {
		before.cut()
	}
	return nil
}

// hub adds one that has still to be started.
func (s *site) hub(name string) (*hub, error) { return s.hubAs(name, "") }

// hubAs adds one with more in its configuration, of [hub].
func (s *site) hubAs(name, more string) (*hub, error) {
	address, err := ports.Address()
	if err != nil {
		return nil, err
	}
	f, err := s.follower(name, "bus", "hub", fmt.Sprintf("[hub]\nlisten = %q\narchive = %q\n%s", address, s.Path(name+".archive.db"), more))
	if err != nil {
		return nil, err
	}
	h := &hub{f, address}
	s.hubs = append(s.hubs, h)
	return h, nil
}

// listener adds the listener to all hubs, through proxies.
func (s *site) listener() (*follower, error) {
	f := &follower{daemon: daemon{name: "events"}, links: map[string]*proxy{}}
	args := []string{"events", "--out", s.Path("events.lines")}
	for _, h := range s.hubs {
		link, err := newProxy(h.address)
		if err != nil {
			return nil, err
		}
		s.Undo(link.close)
		f.links[h.name] = link
		args = append(args, "--hub", "http://"+link.address())
	}
	if err := s.Configure(f.name, "[sign]\nbackend = \"none\"\n"); err != nil {
		return nil, err
	}
	var err error
	f.Victim, err = s.Named(f.name, "part", args...)
	s.events = f
	return f, err
}

// start starts all that does not run.
func (s *site) start() error {
	for _, d := range s.daemons() {
		if d.Running() {
			continue
		}
		if err := d.start(); err != nil {
			return err
		}
	}
	return nil
}

// start starts it; what it writes from now on is marked as of another run.
func (d *daemon) start() error {
	if _, err := d.Log.WriteString("\n" + runMark + "\n"); err != nil {
		return err
	}
	return d.Start()
}

// kill kills it; one that had ended by itself is an error.
func (d *daemon) kill() error {
	if !d.Running() {
		return fmt.Errorf("%s does not run", d.name)
	}
	if err := d.Kill(); err != nil {
		return fmt.Errorf("%s: %w", d.name, err)
	}
	return nil
}

const runMark = "--- started"

func (s *site) daemons() (list []*daemon) {
	for _, p := range s.publishers {
		list = append(list, &p.daemon)
	}
	for _, f := range s.followers {
		list = append(list, &f.daemon)
	}
	if s.events != nil {
		list = append(list, &s.events.daemon)
	}
	return list
}

// await waits for what must come, and names the daemons that ended by themselves
// while it did not.
func (s *site) await(ctx context.Context, what string, limit time.Duration, ok func() (bool, error)) error {
	err := trial.Await(ctx, what, limit, ok)
	if err == nil {
		return nil
	}
	var gone []string
	for _, d := range s.daemons() {
		if !d.mu.TryLock() {
			continue
		}
		if d.Running() && d.Ended() {
			gone = append(gone, d.name)
		}
		d.mu.Unlock()
	}
	if len(gone) > 0 {
		err = fmt.Errorf("%w; ended by themselves: %s", err, strings.Join(gone, ", "))
	}
	return err
}
