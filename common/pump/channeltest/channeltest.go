// Package channeltest is what every channel must pass: [Run] puts numbered items
// into a real source, takes them out, refuses some, restarts in between, and checks
// that the channel keeps what [pump.Channel] promises.
//
// It is for tests alone: layers_test.go sees to it that no program links it. Not
// here: what the items mean (adaptertest), and the pump itself.
package channeltest

import (
	"cmp"
	"context"
	"errors"
	"io"
	"path/filepath"
	"testing"
	"time"

	"busbar/common/event"
	"busbar/common/journal"
	"busbar/common/pump"
	"busbar/common/translate"
)

// patience is how long a check waits for what must come. It bounds a failure
// alone: no channel that works takes so long.
const patience = 2 * time.Minute

// A Source is a real source, in which nothing is news at first, and the channel that
// reads it. Only Open, Add and Number are needed.
type Source struct {
	// Open opens the channel, as a start of its program does, on what the journal
	// holds; with an empty journal it first records the state that the source is
	// in. It should look for news often. The function returned ends it; nil: there
	// is nothing to end.
	Open func(*journal.Journal) (pump.Channel, func())
	// Once is Open, of a channel that says io.EOF when nothing is left.
	Once func(*journal.Journal) (pump.Channel, func())
	// Add puts item n into the source, after the items before it. It and Number may
	// be called while the channel reads.
	Add func(n int)
	// Number says which item came out; 0: none of those that were added, such as
	// the state that a source is found in.
	Number func(translate.Item[any]) int
	// Break makes the source fail until the function returned is called. Failing, if
	// set, tells that a channel which answers no error has met the failure.
	Break   func() (mend func())
	Failing func() bool
	// Position is the name under which positions are stored.
	Position string
	// Unordered says that items may come out in another order than they were
	// added; Late, that one which was refused may come again behind newer ones;
	// Single, that none is handed out before the one before it is done.
	Unordered, Late, Single bool

	patience time.Duration // for the suite's own tests; 0: patience
}

// Run runs the suite, each check with a source of its own.
func Run(t *testing.T, fresh func(*testing.T) Source) {
	t.Helper()
	sample := fresh(t)
	for _, check := range []struct {
		name  string
		run   func(*site)
		needs func(Source) bool
	}{
		{"each", (*site).each, nil},
		{"refused", (*site).refused, nil},
		{"in flight", (*site).inFlight, func(s Source) bool { return !s.Single }},
		{"restarts", (*site).restarts, nil},
		{"cancelled", (*site).cancelled, nil},
		{"pumped", (*site).pumped, nil},
		{"end of source", (*site).ends, func(s Source) bool { return s.Once != nil }},
		{"broken source", (*site).broken, func(s Source) bool { return s.Break != nil }},
	} {
		if check.needs != nil && !check.needs(sample) {
			continue
		}
		t.Run(check.name, func(t *testing.T) {
			source := fresh(t)
			ctx, cancel := context.WithTimeout(t.Context(), cmp.Or(source.patience, patience))
			t.Cleanup(cancel)
			s := &site{Source: source, t: t, ctx: ctx, file: filepath.Join(t.TempDir(), "journal.db"), seen: map[int]bool{}, stored: map[int]bool{}, ended: map[int]bool{}}
			t.Cleanup(s.stop)
			check.run(s)
		})
	}
}

// A site is a source with a journal, and what became of its items.
type site struct {
	Source
	t       *testing.T
	ctx     context.Context
	file    string
	seal    func(*event.Encoded) error
	journal *journal.Journal
	channel pump.Channel
	end     func()

	added               int
	newest              int          // the highest number that came out
	seen, stored, ended map[int]bool // came out; is in the journal; is done without error
}

// A handed is an item that came out and is not done.
type handed struct {
	n        int
	item     translate.Item[any]
	position []byte
	done     func(error)
}

func (s *site) start(open func(*journal.Journal) (pump.Channel, func())) {
	s.t.Helper()
	s.stop()
	var err error
	s.journal, err = journal.Open(s.ctx, journal.Options{Path: s.file, Seal: s.seal,
		Identity: journal.Identity{Prefix: "org.example", Environment: "dev", Name: "channeltest"}})
	if err != nil {
		s.t.Fatal(err)
	}
	s.channel, s.end = open(s.journal)
}

// stop ends the channel and the journal, whatever is in flight: to the source it is
// as if the program were killed.
func (s *site) stop() {
	if s.end != nil {
		s.end()
	}
	if s.journal != nil {
		if err := s.journal.Close(); err != nil {
			s.t.Error(err)
		}
	}
	s.journal, s.end = nil, nil
}

func (s *site) add(items int) {
	for range items {
		s.added++
		s.Add(s.added)
	}
}

// next is the next item that was added; others are stored on the way.
func (s *site) next() (*handed, error) {
	for {
		item, position, done, err := s.channel.Next(s.ctx)
		if err != nil {
			return nil, err
		}
		h := &handed{s.Number(item), item, position, done}
		if h.n != 0 {
			return h, nil
		}
		if err := s.store(h); err != nil {
			return nil, err
		}
		done(nil)
	}
}

// take is next where no error is due. It holds what came out to what did before.
func (s *site) take() *handed {
	s.t.Helper()
	h, err := s.next()
	if err != nil {
		s.t.Fatalf("reading an item, of %d added, %d stored: %v", s.added, len(s.stored), err)
	}
	s.note(h)
	return h
}

func (s *site) note(h *handed) {
	s.t.Helper()
	if h.n > s.added {
		s.t.Fatalf("item %d came out, and was never added", h.n)
	}
	if s.ended[h.n] {
		s.t.Fatalf("item %d came again after done(nil)", h.n)
	}
	if !s.seen[h.n] && h.n < s.newest && !s.Unordered {
		s.t.Errorf("item %d came out behind item %d", h.n, s.newest)
	}
	s.seen[h.n], s.newest = true, max(s.newest, h.n)
}

// store writes what the pump would write of an item that says nothing.
func (s *site) store(h *handed) error {
	r := journal.Record{Origin: h.item.Origin, Received: time.Now(), States: h.item.States, Skip: "tests"}
	if h.position != nil {
		r.Source, r.Position = s.Position, h.position
	}
	if _, err := s.journal.Append(s.ctx, r); err != nil {
		return err
	}
	if h.n != 0 {
		s.stored[h.n] = true
	}
	return nil
}

// keep stores an item, and ends it.
func (s *site) keep(h *handed) {
	s.t.Helper()
	if err := s.store(h); err != nil {
		s.t.Fatal(err)
	}
	s.ended[h.n] = true
	h.done(nil)
}

// keepAll takes and stores until every item that was added is in the journal.
func (s *site) keepAll() {
	s.t.Helper()
	for len(s.stored) < s.added {
		s.keep(s.take())
	}
}

// settled shows that nothing comes again: of what is added now, each item is the
// next, here and after a restart.
func (s *site) settled() {
	s.t.Helper()
	for range 2 {
		for range 2 {
			s.add(1)
			if h := s.take(); h.n != s.added {
				s.t.Fatalf("item %d came out, want %d: all before it were stored", h.n, s.added)
			} else {
				s.keep(h)
			}
		}
		s.start(s.Open)
	}
}

// finish takes and stores until the channel says io.EOF.
func (s *site) finish(refuse func(*handed) bool) (refused int) {
	s.t.Helper()
	for {
		h, err := s.next()
		if errors.Is(err, io.EOF) {
			return refused
		}
		if err != nil {
			s.t.Fatalf("reading to the end: %v", err)
		}
		s.note(h)
		if refuse != nil && refuse(h) {
			refused++
			h.done(errRefused)
			continue
		}
		s.keep(h)
	}
}
