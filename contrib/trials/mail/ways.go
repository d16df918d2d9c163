package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"busbar/contrib/trials/trial"
)

// act has mails come one way while mail2bus and the server are killed, by turns, and
// every fifth time both.
func (w way) act(ctx context.Context, o options, at *trial.Site) (result, error) {
	s, err := install(at, at.Dir)
	if err != nil {
		return result{}, err
	}
	p, err := w.start(ctx, s)
	if err != nil {
		return result{}, err
	}
	if err := s.daemon.Start(); err != nil {
		return result{}, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	b := newBook()
	var wg sync.WaitGroup
	tickets, failed := make(chan int), make(chan error, 1)
	again := 0
	wg.Go(func() {
		for n := range tickets {
			err := trial.Await(ctx, "the server to take a mail", trial.Patience, func() (bool, error) {
				if p.send(ctx, n) != nil {
					again++
					return false, nil
				}
				return true, nil
			})
			if err != nil {
				failed <- err
				cancel()
				return
			}
			b.note(b.acked, n)
		}
	})
	daemons, servers, err := w.kills(ctx, o, s, p, tickets)
	close(tickets)
	wg.Wait()
	select {
	case cause := <-failed:
		err = errors.Join(err, cause)
	default:
	}
	if err != nil {
		return result{}, fmt.Errorf("%w\n%s", err, p.log())
	}
	if err := s.arrived(ctx, len(b.acked), p); err != nil {
		return result{}, fmt.Errorf("%w\n%s", err, p.log())
	}
	r, err := s.close(ctx, b, 1, nil)
	r.what = fmt.Sprintf("mails %d, mail2bus killed %d times, the server %d times; mails given to it again %d times", o.waysMails, daemons, servers, again)
	return r, err
}

// kills hands out the numbers evenly over its kills.
func (w way) kills(ctx context.Context, o options, s *site, p *peer, tickets chan<- int) (daemons, servers int, err error) {
	rng := rand.New(rand.NewPCG(o.Seed, 4))
	next := 1
	for round := 1; round <= o.waysKills; round++ {
		for upTo := o.waysMails * round / o.waysKills; next <= upTo; next++ {
			select {
			case <-ctx.Done():
				return daemons, servers, ctx.Err()
			case tickets <- next:
			}
		}
		if err := trial.Pause(ctx, time.Duration(rng.Int64N(int64(o.waysLife)))); err != nil {
			return daemons, servers, err
		}
		if round%2 == 1 || round%5 == 0 {
			if err := p.kill(); err != nil {
				return daemons, servers, err
			}
			servers++
		}
		if round%2 == 0 || round%5 == 0 {
			if err := s.daemon.Restart(); err != nil {
				return daemons, servers, err
			}
			daemons++
		}
		if round%2 == 1 || round%5 == 0 {
			if err := p.start(ctx); err != nil {
				return daemons, servers, err
			}
		}
	}
	return daemons, servers, nil
}

// arrived waits until all mails are in the journal, and the server has none that it would
// hand over again, nor one that mail2bus, which still runs, has to mark or to move.
func (s *site) arrived(ctx context.Context, mails int, p *peer) error {
	err := trial.Await(ctx, "all mails in the journal", trial.Patience, func() (bool, error) {
		n, err := trial.Stored(ctx, s.journal)
		return n >= int64(mails), err
	})
	if err == nil && p.waiting != nil {
		err = trial.Await(ctx, "the server's queue to be empty", trial.Patience, func() (bool, error) {
			n, err := p.waiting()
			return n == 0, err
		})
	}
	if err == nil && p.ended != nil {
		err = p.ended()
	}
	return err
}
