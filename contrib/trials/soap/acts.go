package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"busbar/contrib/trials/trial"
	"busbar/fixtures/bugtracker"
)

// begin makes a tracker with bugs, and lets soapbus take note of them.
func (s *site) begin(ctx context.Context) (*world, *books, error) {
	var ago atomic.Int64 // the bugs that are there at first are some hours old
	ago.Store(int64(3 * time.Hour))
	s.tracker = bugtracker.New(bugtracker.Options{First: 700001, Seed: s.o.Seed, Clock: func() time.Time { return time.Now().Add(-time.Duration(ago.Load())) }})
	w := newWorld(s.tracker, s.o.Seed)
	for range s.o.bugs {
		w.report()
	}
	for range s.o.bugs / 2 {
		w.change(pick(w, s.tracker.Bugs()))
	}
	ago.Store(0)
	clear(w.did)
	if err := s.serve(); err != nil {
		return nil, nil, err
	}
	if err := s.configure(5*time.Second, "", ""); err != nil {
		return nil, nil, err
	}
	b := openBooks(s.tracker)
	return w, b, s.poll(ctx)
}

// settle polls until nothing more is news: what is gone is believed at the third
// time, and a usertag that a user lost, too.
func (s *site) settle(ctx context.Context) error {
	s.tracker.SetFaults(bugtracker.Faults{})
	for range 4 {
		if err := s.poll(ctx); err != nil {
			return err
		}
	}
	return nil
}

func actPlain(ctx context.Context, o options, s *site) (string, error) {
	w, b, err := s.begin(ctx)
	if err != nil {
		return "", err
	}
	if err := s.daemon.Start(); err != nil {
		return "", err
	}
	w.live(ctx, o.changes/4, time.Duration(o.changes/4)*5*time.Millisecond)
	return s.close(ctx, w, b, "")
}

// actKill lets everything go wrong.
func actKill(ctx context.Context, o options, s *site) (string, error) {
	w, b, err := s.begin(ctx)
	if err != nil {
		return "", err
	}
	if err := s.daemon.Start(); err != nil {
		return "", err
	}
	lived := make(chan struct{})
	over := time.Duration(o.kills) * o.life / 2
	go func() {
		defer close(lived)
		w.live(ctx, o.changes, over)
	}()
	rng := rand.New(rand.NewPCG(o.Seed, 32))
	restarts := 0
	for n := range o.kills {
		s.tracker.SetFaults(bugtracker.Faults{})
		if n%4 != 0 {
			s.tracker.SetFaults(bugtracker.Faults{Failing: 0.05, Cutting: 0.05, Empty: 0.02, Hanging: 0.002, Slow: 0.1, Delay: 200 * time.Millisecond})
		}
		if err := trial.Pause(ctx, time.Duration(rng.Int64N(int64(o.life)))); err != nil {
			return "", err
		}
		if n%10 == 9 { // the tracker goes down, and comes back
			restarts++
			if err := s.server.Close(); err != nil {
				return "", err
			}
			time.Sleep(time.Duration(rng.Int64N(int64(time.Second))))
			if err := s.serve(); err != nil {
				return "", err
			}
		}
		if err := s.daemon.Restart(); err != nil {
			return "", err
		}
	}
	<-lived
	c := s.tracker.FaultCounts()
	return s.close(ctx, w, b, fmt.Sprintf("soapbus killed %d times, the tracker restarted %d times; %d requests failed, %d cut, %d empty, %d hung, %d slow; ",
		o.kills, restarts, c.Failed, c.Cut, c.Emptied, c.Hung, c.Slowed))
}

// close ends the daemon, polls what is left, and makes the ledger.
func (s *site) close(ctx context.Context, w *world, b *books, what string) (string, error) {
	if err := s.daemon.Stop(); err != nil {
		return "", err
	}
	if err := s.settle(ctx); err != nil {
		return "", err
	}
	l, err := b.audit(ctx, s.journal())
	if err != nil {
		return "", err
	}
	p := paceOf(s.tracker.Requests())
	text := fmt.Sprintf("%s; %s%s; %s", w, what, l, p)
	if err := l.verdict(); err != nil {
		return text, err
	}
	states, err := s.present(ctx)
	if text += "; " + states; err != nil {
		return text, err
	}
	return text, p.within(s.o.rate)
}
