package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"time"

	"busbar/common/event"
	"busbar/common/wire"
	"busbar/contrib/trials/trial"
	"busbar/fixtures/bugtracker"
	"busbar/fixtures/ports"
)

// A pair is mail2bus and soapbus on one tracker, and a subscriber to both.
type pair struct {
	world *world
	books *books
	sub   *trial.Collector

	mu       sync.Mutex
	begun    bool // both run
	mails    int
	withheld [][]byte
	seen     map[string]int   // by id: how often it was shown
	came     []event.Envelope // in order
	err      error            // of a delivery
}

// pair starts both, with a tracker whose every so many mails never arrive.
func (s *site) pair(ctx context.Context, every int, following string) (*pair, error) {
	p := &pair{seen: map[string]int{}}
	spool := s.Path("spool")
	s.tracker = bugtracker.New(bugtracker.Options{First: 700001, Seed: s.o.Seed, Mailed: func(mail []byte) {
		p.mu.Lock()
		defer p.mu.Unlock()
		if !p.begun {
			return
		}
		if p.mails++; p.mails%every == 0 {
			p.withheld = append(p.withheld, mail)
			return
		}
		deliver := exec.CommandContext(ctx, s.Program("mail2bus"), "deliver", "--spool", spool)
		deliver.Stdin = strings.NewReader(string(mail))
		if out, err := deliver.CombinedOutput(); err != nil {
			p.err = errors.Join(p.err, fmt.Errorf("delivering a mail: %w: %s", err, out))
		}
	}})
	p.world = newWorld(s.tracker, s.o.Seed)
	p.world.report() // so that there is a beginning
	if err := s.serve(); err != nil {
		return nil, err
	}
	var endpoints []string
	for range 2 {
		address, err := ports.Address()
		if err != nil {
			return nil, err
		}
		endpoints = append(endpoints, "tcp://"+address)
	}
	bus := fmt.Sprintf("publish = [%q]\nheartbeat = \"1s\"", endpoints[0])
	if following != "" {
		bus += fmt.Sprintf("\nsubscribe = [%q]", endpoints[1])
	}
	if err := s.configure(time.Minute, bus, following); err != nil {
		return nil, err
	}
	err := s.Configure("mail2bus", "[bus]\nname = \"mail2bus.trial\"\njournal = %q\npublish = [%q]\nheartbeat = \"1s\"\n[sign]\nbackend = \"none\"\n[mail]\nspool = %q\n",
		s.Path("mail.db"), endpoints[1], spool)
	if err != nil {
		return nil, err
	}
	p.books = openBooks(s.tracker)
	if err := s.poll(ctx); err != nil {
		return nil, err
	}
	for _, daemon := range []*trial.Victim{s.Daemon("mail2bus", "run"), s.daemon} {
		if err := daemon.Start(); err != nil {
			return nil, err
		}
	}
	p.sub, err = trial.Collect(ctx, wire.FollowOptions{Endpoints: endpoints}, func(d wire.Delivery) error {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.seen[d.Envelope.MsgID[5:]]++
		p.came = append(p.came, d.Envelope)
		return nil
	})
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	p.begun = true
	p.mu.Unlock()
	return p, p.sub.Ready(ctx, len(endpoints))
}

// live reports bugs, and changes each a few times, but none twice in a second: what two
// publishers say of one second has no order.
func (p *pair) live(ctx context.Context, bugs, changes int) error {
	todo := map[int]int{}
	var order []int
	for range bugs {
		bug := p.world.report()
		order, todo[bug] = append(order, bug), p.world.rng.IntN(changes)
	}
	for round := range changes {
		second := time.Now().Truncate(time.Second)
		if err := trial.Pause(ctx, time.Until(second.Add(time.Second))); err != nil {
			return err
		}
		for _, bug := range order {
			if round < todo[bug] {
				p.world.change(bug)
			}
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// actBoth has bugs told by mail2bus and by soapbus, both followed by one
// subscriber; every second mail never arrives.
func actBoth(ctx context.Context, o options, s *site) (text string, err error) {
	p, err := s.pair(ctx, 2, "")
	if err != nil {
		return "", err
	}
	if err := p.live(ctx, o.both, 3); err != nil {
		return "", err
	}
	if err := trial.Await(ctx, "mail2bus to read its mails", trial.Patience, func() (bool, error) {
		waiting, err := trial.Maildir(s.Path("spool")).Waiting()
		return waiting == 0, err
	}); err != nil {
		return "", err
	}
	if err := p.sub.Quiet(ctx, 6*time.Second); err != nil {
		return "", err
	}
	// Both go on: what they say from now on counts for nobody.
	upTo := map[string]int64{}
	for publisher, journal := range map[string]string{"mail2bus.trial": s.Path("mail.db"), "soapbus.trial": s.journal()} {
		newest, err := trial.Stored(ctx, journal)
		if err == nil {
			err = p.sub.Reaches(ctx, publisher, newest)
		}
		if err != nil {
			return "", err
		}
		upTo[publisher] = newest
	}
	if _, err := p.sub.End(); err != nil {
		return "", err
	}
	sums, serr := compare(ctx, p.seen, upTo, s.Path("mail.db"), s.journal())
	text, cerr := s.close(ctx, p.world, p.books, fmt.Sprintf("%d mails, %d of them withheld; ", p.mails, len(p.withheld)))
	return text + "; " + sums.String(), errors.Join(cerr, serr, sums.verdict())
}

// sums compare what two adapters told with what a subscriber saw.
type sums struct {
	mail, soap, shared, seen, missed, twice, repaired, unmarked int

	where []string // some that were missed
}

func (s sums) String() string {
	return fmt.Sprintf("by mail %d facts, by SOAP %d, %d of them the same; the subscriber saw %d, missed %d, saw twice %d; only SOAP told %d messages, not marked recovered %d",
		s.mail, s.soap, s.shared, s.seen, s.missed, s.twice, s.repaired, s.unmarked)
}

func (s sums) verdict() error {
	if s.missed+s.twice+s.unmarked > 0 || s.shared == 0 || s.repaired == 0 {
		return trial.Broken(errors.New(s.String() + ": " + strings.Join(s.where[:min(len(s.where), 5)], "; ")))
	}
	return nil
}

// compare looks at what was told up to a number of each publisher.
func compare(ctx context.Context, seen map[string]int, upTo map[string]int64, mailPath, soapPath string) (s sums, err error) {
	mail, err := facts(ctx, upTo, mailPath)
	if err != nil {
		return s, err
	}
	soap, err := facts(ctx, upTo, soapPath)
	if err != nil {
		return s, err
	}
	s.mail, s.soap, s.seen = len(mail), len(soap), len(seen)
	for id, e := range soap {
		_, both := mail[id]
		if both {
			s.shared++
		}
		switch _, kind, _ := strings.Cut(e.Topic, ".debbugs.bug."); kind {
		case "create", "comment", "close", "forward":
			body, _ := e.Msg.(map[string]any)
			if !both && body["quiet"] != true {
				s.repaired++
				if !e.Recovered {
					s.unmarked++
				}
			}
		}
	}
	for _, list := range []map[string]event.Envelope{mail, soap} {
		for id := range list {
			if seen[id] == 0 {
				s.missed++
				s.where = append(s.where, fmt.Sprintf("%s, number %d of %s", list[id].Topic, list[id].Seq, list[id].Publisher))
			}
		}
	}
	for _, n := range seen {
		if n > 1 {
			s.twice++
		}
	}
	return s, nil
}

func facts(ctx context.Context, upTo map[string]int64, path string) (map[string]event.Envelope, error) {
	all := map[string]event.Envelope{}
	return all, trial.Messages(ctx, path, func(id string, e event.Envelope) {
		if e.Seq <= upTo[e.Publisher] {
			all[id] = e
		}
	})
}
