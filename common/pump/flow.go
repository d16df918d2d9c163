package pump

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"busbar/common/journal"
)

// What may be in flight: taken from the source and not yet durable.
const (
	maxItems = 256
	maxBytes = 32 << 20
)

// Pauses after trouble double from the first to the longest.
const (
	firstPause   = 100 * time.Millisecond
	longestPause = 30 * time.Second
)

// A streak is a row of records without a failure. Once one fails, those behind
// it must fail, too, or the position of a later one would cover its loss.
type streak struct{ broken atomic.Bool }

func (s *streak) whole() bool { return !s.broken.Load() }

// flow knows what is in flight and how the weather is.
type flow struct {
	log     *slog.Logger
	weather func(error)

	mu       sync.Mutex
	moved    sync.Cond
	items    int
	bytes    int
	current  *streak
	failures int // in a row
}

func newFlow(log *slog.Logger, weather func(error)) *flow {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	if weather == nil {
		weather = func(error) {}
	}
	f := &flow{log: log, weather: weather, current: &streak{}}
	f.moved.L = &f.mu
	return f
}

// streak is the current one, or nil if it is broken.
func (f *flow) streak() *streak {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.current.whole() {
		return nil
	}
	return f.current
}

// calm waits out trouble: it lets what is in flight come in, pauses, and begins
// a new streak. It is false when ctx has ended.
func (f *flow) calm(ctx context.Context) bool {
	if ctx.Err() != nil {
		return false
	}
	if f.streak() != nil {
		return true
	}
	f.drain()
	f.mu.Lock()
	wait := pause(f.failures)
	f.mu.Unlock()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.current = &streak{}
	return true
}

// pause is how long to wait after so many failures in a row: between a half and
// the whole of a time that doubles, so that many adapters do not come back at
// the same moment.
func pause(failures int) time.Duration {
	d := longestPause
	if shift := max(failures-1, 0); shift < 9 {
		d = min(d, firstPause<<shift)
	}
	return d/2 + rand.N(d/2+1)
}

// trouble breaks the streak.
func (f *flow) trouble(doing string, err error) {
	f.mu.Lock()
	first := !f.current.broken.Swap(true)
	if first {
		f.failures++
	}
	n := f.failures
	f.mu.Unlock()
	if first {
		f.log.Warn("trouble "+doing+"; trying again", "error", err, "failures", n)
		f.weather(fmt.Errorf("%s: %w", doing, err))
	}
}

// settle notes what the journal said.
func (f *flow) settle(s *streak, r journal.Record, result journal.Result, err error) {
	switch {
	case errors.Is(err, journal.ErrStale):
		return // its trouble was told
	case err != nil:
		f.trouble("storing "+r.Origin, err)
		return
	case r.Poison != "":
		f.log.Warn("kept as poison", "origin", r.Origin, "translator", r.Translator, "reason", r.Poison)
	case result.Poison != "":
		f.log.Warn("kept as poison", "origin", r.Origin, "translator", r.Translator, "reason", result.Poison)
	case len(result.Disputed) > 0:
		f.log.Warn("an item tells in other words, and on no better evidence, what is known; it is kept beside the poison",
			"origin", r.Origin, "translator", r.Translator, "known", result.Disputed)
	}
	f.mu.Lock()
	clear := f.failures > 0 && s == f.current && s.whole()
	if clear {
		f.failures = 0
	}
	f.mu.Unlock()
	if clear {
		f.weather(nil)
	}
}

// rested ends trouble if nothing is in flight.
func (f *flow) rested() {
	f.mu.Lock()
	clear := f.failures > 0 && f.items == 0 && f.current.whole()
	if clear {
		f.failures = 0
	}
	f.mu.Unlock()
	if clear {
		f.log.Info("trouble is over: nothing waits any more")
		f.weather(nil)
	}
}

// enter waits until there is room for an item of so many bytes; one item is
// always taken.
func (f *flow) enter(bytes int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for f.items > 0 && (f.items >= maxItems || f.bytes+bytes > maxBytes) {
		f.moved.Wait()
	}
	f.items++
	f.bytes += bytes
}

func (f *flow) leave(bytes int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.items--
	f.bytes -= bytes
	f.moved.Broadcast()
}

// drain waits until nothing is in flight.
func (f *flow) drain() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for f.items > 0 {
		f.moved.Wait()
	}
}
