package pump

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"busbar/common/backoff"
	"busbar/common/journal"
)

// What may be in flight: taken from the source and not yet durable.
const (
	maxItems = 256
	maxBytes = 32 << 20
)

// The back-off after transient errors: pauses double from the first to the longest.
const (
	firstPause   = 100 * time.Millisecond
	longestPause = 30 * time.Second
)

// A generation is the records between two failures. Once one fails, those behind it
// must fail, too, or the position of a later one would hide its loss.
type generation struct{ broken atomic.Bool }

func (s *generation) intact() bool { return !s.broken.Load() }

// flow knows what is in flight, and whether records can be stored.
type flow struct {
	log   *slog.Logger
	onErr func(error)

	mu       sync.Mutex
	moved    sync.Cond
	items    int
	bytes    int
	current  *generation
	failures int // in a row
}

func newFlow(log *slog.Logger, onErr func(error)) *flow {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	if onErr == nil {
		onErr = func(error) {}
	}
	f := &flow{log: log, onErr: onErr, current: &generation{}}
	f.moved.L = &f.mu
	return f
}

// generation is the current one, or nil if it is broken.
func (f *flow) generation() *generation {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.current.intact() {
		return nil
	}
	return f.current
}

// backOff does nothing while all is well. After a failure it waits for what is in
// flight, pauses, and begins a new generation. It is false when ctx has ended.
func (f *flow) backOff(ctx context.Context) bool {
	if ctx.Err() != nil {
		return false
	}
	if f.generation() != nil {
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
	f.current = &generation{}
	return true
}

// pause is how long to wait after so many failures in a row: between a half and
// the whole of a time that doubles, so that many adapters do not come back at
// the same moment.
func pause(failures int) time.Duration {
	return backoff.Spread(backoff.Times{First: firstPause, Most: longestPause}.After(failures))
}

// fail ends the generation.
func (f *flow) fail(doing string, err error) {
	f.mu.Lock()
	first := !f.current.broken.Swap(true)
	if first {
		f.failures++
	}
	n := f.failures
	f.mu.Unlock()
	if first {
		f.log.Warn("transient error; trying again", "doing", doing, "error", err, "failures", n)
		f.onErr(fmt.Errorf("%s: %w", doing, err))
	}
}

// settle records the journal's answer.
func (f *flow) settle(s *generation, r journal.Record, result journal.Result, err error) {
	switch {
	case errors.Is(err, journal.ErrStale):
		return // the failure before it was logged
	case err != nil:
		f.fail("storing "+r.Origin, err)
		return
	case r.Poison != "":
		f.log.Warn("item kept as poison", "origin", r.Origin, "translator", r.Translator, "reason", r.Poison)
	case result.Poison != "":
		f.log.Warn("item kept as poison", "origin", r.Origin, "translator", r.Translator, "reason", result.Poison)
	case len(result.Disputed) > 0:
		f.log.Warn("kept as disputed: the fact is known in other words, and the evidence is no better",
			"origin", r.Origin, "translator", r.Translator, "known", result.Disputed)
	}
	f.mu.Lock()
	clear := f.failures > 0 && s == f.current && s.intact()
	if clear {
		f.failures = 0
	}
	f.mu.Unlock()
	if clear {
		f.onErr(nil)
	}
}

// idle ends a back-off if nothing is in flight.
func (f *flow) idle() {
	f.mu.Lock()
	clear := f.failures > 0 && f.items == 0 && f.current.intact()
	if clear {
		f.failures = 0
	}
	f.mu.Unlock()
	if clear {
		f.log.Info("transient error is over: nothing is waiting")
		f.onErr(nil)
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
