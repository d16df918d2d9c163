package main

import (
	"context"
	"fmt"

	"busbar/common/wire"
	"busbar/contrib/trials/trial"
)

// A tally is what a live subscriber got. A killed publisher takes with it what
// it had not sent yet, and PUB/SUB has no memory: what counts is that each loss
// is noticed.
type tally struct {
	followed bool
	got      int // different mails
	twice    int // the same mail under another id
	dropped  int // doubles, known by their id
	bad      int
	gaps     int // notices
	missing  int // messages noticed as missing that never came
	silent   int // missing without a notice
}

func (t tally) String() string {
	if !t.followed {
		return ""
	}
	return fmt.Sprintf("; live subscriber: got %d, doubles dropped by id %d, gaps noticed %d (%d messages missing), missed without a notice %d, bad frames %d",
		t.got, t.dropped, t.gaps, t.missing, t.silent, t.bad)
}

// live follows the bus while an act runs.
type live struct {
	*trial.Collector
	mails map[int]int
}

func (s *site) follow(ctx context.Context) (*live, error) {
	l := &live{mails: map[int]int{}}
	var err error
	l.Collector, err = trial.Collect(ctx, wire.FollowOptions{Endpoints: []string{"tcp://" + s.address}, Verifier: s.verifier}, func(d wire.Delivery) error {
		n, err := number(d.Tree)
		if err == nil {
			l.mails[n]++
		}
		return err
	})
	return l, err
}

// end closes the subscription and adds up.
func (l *live) end(last int64) (tally, error) {
	received, err := l.End()
	return sum(received, l.mails, last), err
}

// sum compares what came with the journal, whose newest message is last. Who came late
// missed nothing of what was said before: PUB/SUB has no memory.
func sum(received trial.Received, mails map[int]int, last int64) tally {
	t := tally{followed: true, got: len(mails), gaps: len(received.Gaps), dropped: received.Dropped, bad: received.Bad}
	for _, times := range mails {
		t.twice += times - 1
	}
	noticed := map[int64]bool{}
	for _, g := range received.Gaps {
		for seq := g.From; seq <= g.To; seq++ {
			noticed[seq] = true
		}
	}
	for seq := received.From[publisher] + 1; seq <= last; seq++ {
		switch {
		case received.Seqs[publisher][seq]:
		case noticed[seq]:
			t.missing++
		default:
			t.silent++
		}
	}
	return t
}
