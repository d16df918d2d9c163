package channeltest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"busbar/common/event"
	"busbar/common/journal"
	"busbar/common/pump"
	"busbar/common/translate"
)

const (
	few  = 3
	many = 12
	step = 5 * time.Millisecond // between two looks at a condition
)

var errRefused = errors.New("the disk is full")

// each: what is there and what comes later comes out, in order, once.
func (s *site) each() {
	s.start(s.Open)
	s.stop()
	s.add(few)
	s.start(s.Open)
	s.keepAll()
	s.add(many)
	s.keepAll()
	s.settled()
}

// refused: what could not be stored comes again, as often as that happens.
func (s *site) refused() {
	s.start(s.Open)
	s.add(few)
	refused := map[int]int{}
	for len(s.stored) < s.added {
		h := s.take()
		if refused[h.n] < 2 && h.n != 2 {
			refused[h.n]++
			h.done(errRefused)
			continue
		}
		s.keep(h)
	}
	s.settled()
}

// inFlight: of several that are out, the first is stored and the others are not;
// then the program is killed.
func (s *site) inFlight() {
	s.start(s.Open)
	s.add(few)
	out := []*handed{s.take(), s.take(), s.take()}
	s.keep(out[0])
	out[1].done(errRefused)
	s.start(s.Open)
	s.keepAll()
	s.settled()
}

// restarts kills the program after each item: before it is stored, after that, or
// when it is done, too.
func (s *site) restarts() {
	s.start(s.Open)
	s.add(many)
	for kill := 0; len(s.stored) < s.added; kill++ {
		h := s.take()
		switch kill % 3 {
		case 0: // it must come again
		case 1: // it may come again
			if err := s.store(h); err != nil {
				s.t.Fatal(err)
			}
		default:
			s.keep(h)
		}
		s.start(s.Open)
	}
	// What was stored last may be out once more; then it is done.
	s.add(1)
	for !s.stored[s.added] {
		s.keep(s.take())
	}
	if len(s.stored) != s.added {
		s.t.Errorf("%d items of %d are stored", len(s.stored), s.added)
	}
}

// cancelled: Next returns when its context ends, also while an item is in flight.
func (s *site) cancelled() {
	s.start(s.Open)
	s.add(1)
	s.keepAll()
	s.cancel("with nothing to hand out")
	s.add(1)
	h := s.take()
	s.cancel("with an item in flight")
	s.keep(h)
	s.settled()
}

func (s *site) cancel(when string) {
	s.t.Helper()
	ctx, cancel := context.WithCancel(s.ctx)
	errs := make(chan error, 1)
	go func() {
		for {
			item, position, done, err := s.channel.Next(ctx)
			if err != nil {
				errs <- err
				return
			}
			if h := (&handed{s.Number(item), item, position, done}); h.n != 0 || s.store(h) != nil {
				errs <- fmt.Errorf("item %d came out", h.n)
				return
			}
			done(nil)
		}
	}()
	cancel()
	select {
	case err := <-errs:
		if !errors.Is(err, context.Canceled) {
			s.t.Errorf("cancelled %s, Next says: %v", when, err)
		}
	case <-s.ctx.Done():
		s.t.Fatalf("cancelled %s, Next does not return", when)
	}
}

type body struct {
	N int `json:"n"`
}

var kind = event.Define("tests.item.create", "an item came out", func(b body) string { return "item " + strconv.Itoa(b.N) }, nil)

// pumped lets a pump do it, on a journal that cannot store at times: every item is
// stored once.
func (s *site) pumped() {
	var calls atomic.Int64
	s.seal = func(*event.Encoded) error {
		if n := calls.Add(1); n == 2 || n == 5 || n == 11 {
			return errRefused
		}
		return nil
	}
	s.start(s.Open)
	table := []translate.Translator[any]{{Name: "items", Kinds: event.Catalog{kind}, Translate: func(it translate.Item[any]) ([]event.Event, error) {
		n := s.Number(it)
		if n == 0 {
			return nil, translate.Ignore("nothing that was added")
		}
		return []event.Event{{Kind: kind, Key: "item/" + strconv.Itoa(n), Body: body{n}}}, nil
	}}}
	ctx, cancel := context.WithCancel(s.ctx)
	ended := make(chan error, 1)
	p := &pump.Pump{Channel: s.channel, Table: table, Journal: s.journal, Source: s.Position}
	go func() { ended <- p.Run(ctx) }()
	s.add(many)
	for stored := int64(0); stored < many && s.ctx.Err() == nil; s.pause() {
		var err error
		if stored, err = s.journal.Reader().LastSeq(s.ctx); err != nil {
			s.t.Errorf("asking the journal: %v", err)
			break
		}
	}
	cancel()
	if err := <-ended; err != nil {
		s.t.Error(err)
	}
	s.inOrder()
	for n := range many {
		s.stored[n+1] = true
	}
	s.seal = nil
	s.start(s.Open)
	s.add(1)
	for !s.stored[s.added] { // the pump may have ended before the source forgot the last items
		s.keep(s.take())
	}
}

// inOrder holds the journal to what was added.
func (s *site) inOrder() {
	var got []int
	report, err := s.journal.Reader().Verify(s.ctx, func(_ journal.Message, tree map[string]any) error {
		body, _ := tree["msg"].(map[string]any)
		got = append(got, number(body["n"]))
		return nil
	})
	if err != nil || !report.OK() {
		s.t.Errorf("verifying: %+v, %v", report, err)
	}
	counts, err := s.journal.Reader().Counts(s.ctx)
	if err != nil || counts.Duplicates != 0 {
		s.t.Errorf("%d items came again after they were stored, %v", counts.Duplicates, err)
	}
	want := make([]int, many)
	for i := range want {
		want[i] = i + 1
	}
	if s.Unordered || s.Late {
		slices.Sort(got)
	}
	if !slices.Equal(got, want) {
		s.t.Errorf("in the journal the items are %v, want %v", got, want)
	}
}

// number reads a number of a message.
func number(v any) int {
	n, _ := strconv.Atoi(fmt.Sprint(v))
	return n
}

func (s *site) pause() {
	select {
	case <-s.ctx.Done():
	case <-time.After(step):
	}
}

// ends: io.EOF comes behind everything that is there, and what was refused is there
// at the next start.
func (s *site) ends() {
	s.start(s.Open)
	s.add(1)
	s.keepAll()
	s.start(s.Once)
	s.finish(nil)
	s.add(few)
	s.start(s.Once)
	first := true
	if s.finish(func(h *handed) bool { refuse := first; first = false; return refuse }) != 1 {
		s.t.Error("io.EOF came before any item")
	}
	s.start(s.Once)
	s.finish(nil)
	if len(s.stored) != s.added {
		s.t.Errorf("at the end %d items of %d are stored", len(s.stored), s.added)
	}
	s.start(s.Once)
	s.finish(nil)
}

// broken: a source that fails for a time loses nothing.
func (s *site) broken() {
	s.start(s.Open)
	s.add(few)
	s.keep(s.take())
	mend := s.Break()
	for met := false; !met; {
		type answer struct {
			*handed
			error
		}
		answers := make(chan answer, 1)
		go func() { h, err := s.next(); answers <- answer{h, err} }()
		var a answer
		for open := true; open; {
			select {
			case a = <-answers:
				met, open = met || a.error != nil, false
			case <-time.After(step):
				if !met && s.Failing != nil && s.Failing() {
					met = true
					mend()
					mend = func() {}
					s.add(1)
				}
			case <-s.ctx.Done():
				s.t.Fatal("the source is broken, and the channel does not notice")
			}
		}
		if a.error == nil {
			s.note(a.handed)
			s.keep(a.handed)
		}
	}
	mend()
	s.add(1)
	for len(s.stored) < s.added {
		h, err := s.next()
		if err != nil { // the next try may be at hand, and the source well again
			if s.ctx.Err() != nil {
				s.t.Fatalf("the source is well again, and the channel is not: %v", err)
			}
			s.pause()
			continue
		}
		s.note(h)
		s.keep(h)
	}
	s.settled()
}
