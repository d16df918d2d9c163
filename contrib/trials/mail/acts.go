package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"busbar/contrib/trials/trial"
)

// actKill kills the daemon at random moments, and some deliveries, too.
func actKill(ctx context.Context, o options, at *trial.Site) (result, error) {
	s, err := install(at, at.Dir)
	if err != nil {
		return result{}, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	sub, err := s.follow(ctx)
	if err != nil {
		return result{}, err
	}
	if err := errors.Join(s.daemon.Start(), sub.Ready(ctx, 1)); err != nil {
		return result{}, err
	}
	b := newBook()
	tickets := make(chan int) // the numbers, as they may be sent
	failed := make(chan error, 3)
	var wg sync.WaitGroup
	for worker := range 3 {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(o.Seed, uint64(worker)))
			for n := range tickets {
				if err := s.send(ctx, b, n, rng); err != nil {
					failed <- err
					cancel()
					return
				}
			}
		})
	}
	err = s.lives(ctx, o, tickets)
	close(tickets)
	wg.Wait()
	select {
	case cause := <-failed:
		err = errors.Join(err, cause)
	default:
	}
	if err != nil {
		return result{}, err
	}
	r, err := s.close(ctx, b, 2, sub)
	r.what = fmt.Sprintf("mails %d (half by Maildir, half by deliver), daemon killed %d times", o.mails, o.kills)
	return r, err
}

// send sends even numbers by Maildir and odd ones by deliver, of which it kills
// one in twenty.
func (s *site) send(ctx context.Context, b *book, n int, rng *rand.Rand) error {
	if n%2 == 0 {
		return s.byMaildir(b, n)
	}
	var killAfter time.Duration
	if rng.IntN(20) == 0 {
		killAfter = time.Millisecond + time.Duration(rng.Int64N(int64(80*time.Millisecond)))
	}
	return s.byDeliver(ctx, b, n, killAfter)
}

// lives lets the daemon live for random times and hands out the numbers evenly
// over them.
func (s *site) lives(ctx context.Context, o options, tickets chan<- int) error {
	rng := rand.New(rand.NewPCG(o.Seed, 1<<32))
	next := 1
	for life := 1; life <= o.kills; life++ {
		length, upTo := time.Duration(rng.Int64N(int64(o.life))), o.mails*life/o.kills
		death := time.After(length)
		pace := length / time.Duration(upTo-next+2)
	alive:
		for {
			out, n := tickets, next
			if n > upTo {
				out = nil
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-death:
				break alive
			case out <- n:
				next++
				time.Sleep(min(pace, length))
			}
		}
		if err := s.daemon.Restart(); err != nil {
			return err
		}
	}
	for ; next <= o.mails; next++ {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case tickets <- next:
		}
	}
	return nil
}

// actPort takes the daemon's port away while mails come.
func actPort(ctx context.Context, o options, at *trial.Site) (result, error) {
	s, err := install(at, at.Dir)
	if err != nil {
		return result{}, err
	}
	thief, err := net.Listen("tcp", s.address)
	if err != nil {
		return result{}, err
	}
	defer thief.Close()
	if err := s.daemon.Start(); err != nil {
		return result{}, err
	}
	b := newBook()
	rng := rand.New(rand.NewPCG(o.Seed, 2))
	for n := 1; n <= o.port; n++ {
		if n%2 == 0 {
			err = s.byMaildir(b, n)
		} else {
			err = s.byDeliver(ctx, b, n, 0)
		}
		if err != nil {
			return result{}, err
		}
		if rng.IntN(10) == 0 {
			time.Sleep(time.Duration(rng.Int64N(int64(20 * time.Millisecond))))
		}
	}
	if err := s.drained(ctx); err != nil {
		return result{}, err
	}
	if err := thief.Close(); err != nil {
		return result{}, err
	}
	freed := time.Now()
	sub, err := s.follow(ctx)
	if err != nil {
		return result{}, err
	}
	last, err := trial.Stored(ctx, s.journal)
	if err != nil {
		return result{}, err
	}
	err = sub.Reaches(ctx, publisher, last)
	waited := time.Since(freed)
	r, cerr := s.close(ctx, b, 2, sub)
	r.what = fmt.Sprintf("mails %d while another process held the port; the last at the subscriber %.1f s after it was freed", o.port, waited.Seconds())
	return r, errors.Join(err, cerr)
}

// drained waits until the daemon has taken every mail.
func (s *site) drained(ctx context.Context) error {
	return trial.Await(ctx, "the daemon to take every mail", trial.Patience, s.empty)
}

// close waits for the daemon to finish, stops it, and makes the ledger.
func (s *site) close(ctx context.Context, b *book, ways int, sub *live) (result, error) {
	if err := s.drained(ctx); err != nil {
		return result{}, err
	}
	last, err := trial.Stored(ctx, s.journal)
	if err != nil {
		return result{}, err
	}
	var t tally
	if sub != nil {
		if err := sub.Reaches(ctx, publisher, last); err != nil {
			return result{}, err
		}
		if t, err = sub.end(last); err != nil {
			return result{}, err
		}
	}
	if err := s.daemon.Stop(); err != nil {
		return result{}, err
	}
	l, err := s.audit(ctx, b, ways)
	return result{ledger: l, live: t}, err
}
