package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"busbar/contrib/trials/trial"
)

// actLast is the second act: a publisher says some, and then one more, which is lost
// on the wire; nothing follows but heartbeats.
func actLast(ctx context.Context, o options, at *trial.Site) (string, error) {
	s, err := newSite(at, o, true)
	if err != nil {
		return "", err
	}
	if err := s.feeder("feed", 100, o.beat); err != nil {
		return "", err
	}
	tail, err := s.follower("tail", "bus", "tail", "", "--position", s.Path("tail.position"), "--from", "start", "--json")
	if err != nil {
		return "", err
	}
	l := &loss{}
	tail.links["feed"].filtered(l.filter)
	p, t := s.publishers[0], newTruth()
	b := t.tailBook("bus tail", s.Path("tail.log"))
	if err := p.source.want(0); err != nil {
		return "", err
	}
	if err := s.start(); err != nil {
		return "", err
	}
	// What is said before it listens comes by replay alone, and is not lost on the wire.
	if err := s.await(ctx, "the subscriber to hear a heartbeat", patience, func() (bool, error) {
		_, beats := l.state()
		return beats > 0, nil
	}); err != nil {
		return "", err
	}
	const before = 5
	var times trial.Times
	most := 0
	for round := range o.rounds {
		n := round * (before + 1)
		if err := s.until(ctx, b, p, n+before); err != nil {
			return "", err
		}
		l.arm()
		if err := s.until(ctx, b, p, n+before+1); err != nil {
			return "", err
		}
		lost, beats := l.state()
		if lost.IsZero() {
			return "", errors.New("the message was not lost")
		}
		times, most = append(times, time.Since(lost)), max(most, beats)
	}
	if err := s.take(ctx, t, p, true); err != nil {
		return "", err
	}
	ledger := t.audit(b.name, b.entries, b.repeats, b.hubs)
	err = errors.Join(ledger.verdict(), trial.Verdict([]trial.Count{{N: len(t.faults), What: "faults of journals"}}, t.faults...))
	late := 0
	for _, took := range times {
		if took > 2*o.beat {
			late++
		}
	}
	if o.exact {
		err = errors.Join(err, trial.Verdict([]trial.Count{{N: late, What: "later than two heartbeats"}}))
	}
	return fmt.Sprintf("the last message was lost %d times; heartbeats each %s; it was there after %s, with heartbeat %d at the latest; later than two heartbeats %d\n  %s",
		len(times), o.beat, times, most, late, ledger), err
}

// until has a publisher say as many messages in all, and waits until a subscriber has
// them.
func (s *site) until(ctx context.Context, b *book, p *publisher, n int) error {
	if err := p.source.want(n); err != nil {
		return err
	}
	for began := time.Now(); len(b.had) < n; {
		if time.Since(began) > patience {
			return fmt.Errorf("%s has %d messages, not %d", b.name, len(b.had), n)
		}
		if err := trial.Pause(ctx, 5*time.Millisecond); err != nil {
			return err
		}
		if err := b.read(ctx); err != nil {
			return err
		}
	}
	return nil
}
