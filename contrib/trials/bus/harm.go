package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"busbar/contrib/trials/trial"
)

// harms counts what was done.
type harms struct {
	publishers, hubs, subscribers, cuts, stalls, delays atomic.Int64
}

func (h *harms) all() int {
	return int(h.publishers.Load() + h.hubs.Load() + h.subscribers.Load() + h.cuts.Load() + h.stalls.Load() + h.delays.Load())
}

func (h *harms) String() string {
	return fmt.Sprintf("%d harms: publishers killed %d, hubs %d, subscribers %d; connections cut %d, stalled %d, delayed %d",
		h.all(), h.publishers.Load(), h.hubs.Load(), h.subscribers.Load(), h.cuts.Load(), h.stalls.Load(), h.delays.Load())
}

const hands = 2 // that harm at the same time

// harm harms at random until ctx ends, and undoes each harm; may says how much of it
// may be done by now.
func (s *site) harm(ctx context.Context, o options, h *harms, may func(context.Context) int) error {
	var wg sync.WaitGroup
	errs := make([]error, hands)
	for i := range hands {
		rng := rand.New(rand.NewPCG(o.Seed, uint64(100+i)))
		wg.Go(func() {
			for errs[i] == nil && trial.Pause(ctx, o.pause(rng)) == nil {
				if h.all() < may(ctx) {
					errs[i] = s.harmOne(ctx, o, h, rng)
				}
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

func (o options) pause(rng *rand.Rand) time.Duration { return time.Duration(rng.Int64N(int64(o.life))) }

func (s *site) harmOne(ctx context.Context, o options, h *harms, rng *rand.Rand) error {
	switch n := rng.IntN(20); {
	case n < 5:
		return s.kill(ctx, &s.publishers[rng.IntN(len(s.publishers))].daemon, &h.publishers, o.pause(rng))
	case n < 8:
		return s.kill(ctx, &s.hubs[rng.IntN(len(s.hubs))].daemon, &h.hubs, o.pause(rng))
	case n < 12:
		list := []*follower{s.events}
		for _, f := range s.followers {
			if f.subscriber {
				list = append(list, f)
			}
		}
		return s.kill(ctx, &list[rng.IntN(len(list))].daemon, &h.subscribers, o.pause(rng))
	case n < 13: // all connections of one
		f := s.followers[rng.IntN(len(s.followers))]
		list := f.all()
		for _, p := range list {
			p.cut()
		}
		h.cuts.Add(1)
		_ = trial.Pause(ctx, o.pause(rng))
		for _, p := range list {
			p.mend()
		}
		return nil
	}
	followers := append([]*follower{s.events, s.events}, s.followers...)
	list := followers[rng.IntN(len(followers))].all()
	p := list[rng.IntN(len(list))]
	switch n := rng.IntN(10); {
	case n < 5:
		h.cuts.Add(1)
		p.cut()
	case n < 8:
		h.stalls.Add(1)
		p.stall()
	default:
		h.delays.Add(1)
		p.slow(time.Duration(rng.Int64N(int64(200 * time.Millisecond))))
	}
	_ = trial.Pause(ctx, o.pause(rng))
	if rng.IntN(3) == 0 {
		p.cut() // what was under way is lost
	}
	p.mend()
	return nil
}

// kill kills a daemon, and starts it again after a while. One that somebody else is at
// is left alone.
func (s *site) kill(ctx context.Context, d *daemon, count *atomic.Int64, pause time.Duration) error {
	if !d.mu.TryLock() {
		return nil
	}
	defer d.mu.Unlock()
	if err := d.kill(); err != nil {
		return err
	}
	count.Add(1)
	_ = trial.Pause(ctx, pause)
	return d.start()
}

// all is its connections' proxies.
func (f *follower) all() (list []*proxy) {
	f.linking.Lock()
	defer f.linking.Unlock()
	for _, p := range f.links {
		list = append(list, p)
	}
	return list
}
