// Package rounds hands out what polls find. A poll is made when nothing is
// ready any more and everything that was handed out is durable; when something
// could not be stored, the rest is thrown away and found again by the next poll,
// so that what is stored never has holes.
//
// Not here: what a poll reads.
package rounds

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"sync"
	"time"

	"busbar/common/translate"
)

// ready is an item to be handed out.
type ready struct {
	item     translate.Item[any]
	position []byte // how far the source is read with it; nil: only the last one says
	stored   func() // called once it is durable; may be nil
}

// A Rounds is the part of a channel that polls. It is for one reader.
type Rounds struct {
	// Poll makes items ready (Add). Its error is io.EOF, the context's, or
	// transient.
	Poll func(context.Context) error
	// Reset forgets what was read and is not stored.
	Reset func()
	// Position is how far the source is read with the last item that is
	// ready; nil: nothing to store.
	Position func() []byte
	Now      func() time.Time

	ready  []ready
	mu     sync.Mutex
	given  int64
	flight int           // handed out, and not done
	landed chan struct{} // closed when nothing is in flight any more; nil: nothing is
	failed error
}

// Add makes an item ready; stored, if not nil, is called once it is durable.
// Received is filled in, and so is Raw where it is nil, by the value's JSON.
func (r *Rounds) Add(it translate.Item[any], stored func()) {
	r.ready = append(r.ready, ready{item: it, stored: stored})
}

// AddAt makes an item ready that says by itself how far the source is read with it:
// after a failure, those before it do not come again.
func (r *Rounds) AddAt(it translate.Item[any], position []byte) {
	r.ready = append(r.ready, ready{item: it, position: position})
}

// Ready is how many items are ready.
func (r *Rounds) Ready() int { return len(r.ready) }

// Given is how many items were handed out since the start.
func (r *Rounds) Given() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.given
}

// Next is the channel's.
func (r *Rounds) Next(ctx context.Context) (translate.Item[any], []byte, func(error), error) {
	for {
		if len(r.ready) > 0 && !r.broken() {
			return r.handOut()
		}
		if err := r.land(ctx); err != nil {
			return translate.Item[any]{}, nil, nil, err
		}
		if r.broken() {
			r.reset()
			continue
		}
		if err := r.Poll(ctx); err != nil {
			if !errors.Is(err, io.EOF) {
				r.reset()
			}
			return translate.Item[any]{}, nil, nil, err
		}
	}
}

func (r *Rounds) handOut() (translate.Item[any], []byte, func(error), error) {
	it, position, stored := r.ready[0].item, r.ready[0].position, r.ready[0].stored
	r.ready[0] = ready{} // its memory may go
	r.ready = r.ready[1:]
	if len(r.ready) == 0 {
		r.ready = nil
		if position == nil {
			position = r.Position()
		}
	}
	r.mu.Lock()
	r.given++
	if r.flight++; r.flight == 1 {
		r.landed = make(chan struct{})
	}
	r.mu.Unlock()
	done := sync.OnceFunc(r.done)
	it.Received = r.Now()
	if it.Raw == nil {
		it.Raw = translate.JSON(it.Value)
	}
	return it, position, func(err error) {
		defer done()
		if err != nil {
			r.mu.Lock()
			r.failed = err
			r.mu.Unlock()
		} else if stored != nil {
			stored()
		}
	}, nil
}

// done ends one item in flight.
func (r *Rounds) done() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.flight--; r.flight == 0 {
		close(r.landed)
		r.landed = nil
	}
}

// land waits until nothing is in flight.
func (r *Rounds) land(ctx context.Context) error {
	r.mu.Lock()
	landed := r.landed
	r.mu.Unlock()
	if landed == nil {
		return nil
	}
	select {
	case <-landed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Settled waits until what was handed out is durable, and reports whether it is.
func (r *Rounds) Settled(ctx context.Context) bool { return r.land(ctx) == nil && !r.broken() }

func (r *Rounds) broken() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failed != nil
}

func (r *Rounds) reset() {
	r.ready = nil
	r.mu.Lock()
	r.failed = nil
	r.mu.Unlock()
	r.Reset()
}

// politeness is the least ratio of pause to poll; longest bounds the pause that
// follows from it.
const (
	politeness = 10
	longest    = 15 * time.Minute
)

// Pause is how long to wait after a poll that took so long.
func Pause(interval, took time.Duration) time.Duration {
	return max(interval, min(took*politeness, longest))
}

// Wait waits for a pause, give or take a tenth, so that many pollers do not come
// at the same moment. wake ends it early.
func Wait(ctx context.Context, pause time.Duration, wake <-chan struct{}) error {
	pause += time.Duration((rand.Float64() - 0.5) * 0.2 * float64(pause))
	t := time.NewTimer(pause)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
	case <-wake:
	}
	return nil
}
