package main

import (
	"context"
	"fmt"
	"sync"

	"busbar/common/event"
	"busbar/common/wire"
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
	f    *wire.Follower
	done chan struct{}

	mu     sync.Mutex
	tally  tally
	seqs   map[int64]bool
	mails  map[int]int
	gaps   []wire.Gap
	newest int64 // what the last heartbeat told
	hearts int   // heartbeats
}

func (s *site) follow(ctx context.Context) (*live, error) {
	f, err := wire.Follow(ctx, wire.FollowOptions{Endpoints: []string{"tcp://" + s.address}, Verifier: s.verifier})
	if err != nil {
		return nil, err
	}
	l := &live{f: f, done: make(chan struct{}), seqs: map[int64]bool{}, mails: map[int]int{}}
	l.tally.followed = true
	go func() {
		defer close(l.done)
		for {
			d, err := f.Next(ctx)
			if err != nil {
				return
			}
			l.note(d)
		}
	}()
	return l, nil
}

func (l *live) note(d wire.Delivery) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if d.Err != nil {
		l.tally.bad++
		return
	}
	if d.Gap != nil {
		l.gaps = append(l.gaps, *d.Gap)
	}
	if d.Heartbeat {
		msg, _ := d.Envelope.Msg.(map[string]any)
		l.newest = event.Integer(msg["newest"])
		l.hearts++
		return
	}
	l.seqs[d.Envelope.Seq] = true
	if d.Duplicate {
		l.tally.dropped++
		return
	}
	n, err := number(d.Tree)
	if err != nil {
		l.tally.bad++
		return
	}
	l.mails[n]++
}

// heard says that the publisher has told of seq, or sent it.
func (l *live) heard(seq int64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.newest >= seq || l.seqs[seq]
}

func (l *live) beats() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.hearts
}

// end closes the subscription and adds up.
func (l *live) end(last int64) tally {
	l.f.Close()
	<-l.done
	return l.sum(last)
}

// sum compares what came with the journal, whose newest message is last.
func (l *live) sum(last int64) tally {
	t := l.tally
	t.got, t.gaps = len(l.mails), len(l.gaps)
	for _, times := range l.mails {
		t.twice += times - 1
	}
	noticed := map[int64]bool{}
	for _, g := range l.gaps {
		for seq := g.From; seq <= g.To; seq++ {
			noticed[seq] = true
		}
	}
	for seq := int64(1); seq <= last; seq++ {
		switch {
		case l.seqs[seq]:
		case noticed[seq]:
			t.missing++
		default:
			t.silent++
		}
	}
	return t
}
