package pump

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"busbar/common/event"
	"busbar/common/journal"
	"busbar/common/translate"
)

func run(t *testing.T, p *Pump) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := p.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if ctx.Err() != nil {
		t.Fatal("Run did not come to the end of the tape")
	}
}

func TestRunKeepsTheOrder(t *testing.T) {
	j := openJournal(t, nil)
	tape := newTape(lines(3000), true)
	run(t, newPump(j, tape, translateNote))
	tape.check(t)
	if got := stored(t, j); !slices.Equal(got, tape.items) {
		t.Errorf("%d texts stored, or out of order", len(got))
	}
	position, err := j.Reader().Position(context.Background(), "tape")
	if err != nil || string(position) != "3000" {
		t.Errorf("position %q, %v", position, err)
	}
}

func TestTransientErrorInTheJournal(t *testing.T) {
	var calls atomic.Int64
	j := openJournal(t, func(*event.Encoded) error {
		if n := calls.Add(1); n%200 == 7 && n < 1500 {
			return errors.New("the key is locked")
		}
		return nil
	})
	tape := newTape(lines(1000), true)
	p := newPump(j, tape, translateNote)
	var mu sync.Mutex
	var errs []error
	p.OnErr = func(err error) {
		mu.Lock()
		defer mu.Unlock()
		errs = append(errs, err)
		if (err == nil) != (p.Err() == nil) {
			t.Errorf("after OnErr(%v), Err is %v", err, p.Err())
		}
		if err != nil && j.Err() == nil {
			t.Errorf("after OnErr(%v), the journal has no error", err)
		}
	}
	run(t, p)
	tape.check(t)
	if p.Err() != nil || j.Err() != nil {
		t.Errorf("at the end there are errors: %v, %v", p.Err(), j.Err())
	}
	if got := stored(t, j); !slices.Equal(got, tape.items) {
		t.Errorf("%d texts stored, or out of order", len(got))
	}
	bad := 0
	for _, err := range errs {
		if err != nil {
			bad++
			if !strings.Contains(err.Error(), "the key is locked") {
				t.Errorf("OnErr: %v", err)
			}
		}
	}
	if bad == 0 || errs[len(errs)-1] != nil {
		t.Errorf("OnErr was called with %v", errs)
	}
	t.Logf("%d errors, %d hand-outs of %d items", bad, tape.given, len(tape.items))
}

// gated hands out its second item when the first is about to fail.
type gated struct {
	*tape
	failing chan struct{}
}

func (c *gated) Next(ctx context.Context) (translate.Item[any], []byte, func(error), error) {
	if c.given == 1 {
		<-c.failing
	}
	return c.tape.Next(ctx)
}

// TestDoneKeepsTheOrder hands out an item between the failure of the one before it
// and that one's done.
func TestDoneKeepsTheOrder(t *testing.T) {
	var calls atomic.Int64
	j := openJournal(t, func(*event.Encoded) error {
		if calls.Add(1) == 1 {
			return errors.New("the key is locked")
		}
		return nil
	})
	c := &gated{newTape(lines(3), true), make(chan struct{})}
	p := newPump(j, c, translateNote)
	p.OnErr = func(err error) {
		if err == nil {
			return
		}
		close(c.failing)
		select {
		case <-c.wake: // the second was done first
		case <-time.After(200 * time.Millisecond):
		}
	}
	run(t, p)
	c.check(t)
	if got := stored(t, j); !slices.Equal(got, c.items) {
		t.Errorf("stored: %v", got)
	}
}

func TestTransientErrorInATranslator(t *testing.T) {
	j := openJournal(t, nil)
	tape := newTape(lines(50), true)
	tried := map[string]int{}
	run(t, newPump(j, tape, func(it translate.Item[string]) ([]event.Event, error) {
		if tried[it.Value]++; tried[it.Value] == 1 && strings.HasSuffix(it.Value, "7") {
			return nil, errors.New("out of handles")
		}
		return translateNote(it)
	}))
	tape.check(t)
	if got := stored(t, j); !slices.Equal(got, tape.items) {
		t.Errorf("stored: %q", got)
	}
}

func TestTransientErrorInTheChannel(t *testing.T) {
	j := openJournal(t, nil)
	tape := newTape(lines(10), true)
	tape.fail = errors.New("the server is away")
	p := newPump(j, tape, translateNote)
	var errs []error
	p.OnErr = func(err error) { errs = append(errs, err) }
	run(t, p)
	if len(errs) != 2 || errs[1] != nil || !strings.Contains(errs[0].Error(), "reading tape: the server is away") {
		t.Errorf("OnErr: %v", errs)
	}
	if got := stored(t, j); len(got) != 10 {
		t.Errorf("stored: %q", got)
	}
}

func TestVerdicts(t *testing.T) {
	j := openJournal(t, nil)
	tape := newTape([]string{"good", "panic", "poison", "skip", "ignore", "nothing", "unfit", "better"}, true)
	run(t, newPump(j, tape, func(it translate.Item[string]) ([]event.Event, error) {
		switch it.Value {
		case "panic":
			var none []event.Event
			return none[len(it.Value):4], nil
		case "poison":
			return nil, translate.Poison("no %s", "subject")
		case "skip":
			return nil, translate.Skip("not a note")
		case "ignore":
			return nil, translate.Ignore("an echo")
		case "nothing":
			return nil, nil
		case "unfit":
			return []event.Event{{Kind: noteKind}}, nil
		}
		return translateNote(it)
	}))
	tape.check(t)
	if got := stored(t, j); !slices.Equal(got, []string{"good", "better"}) {
		t.Errorf("stored: %q", got)
	}
	rows, err := j.Reader().Poisoned(context.Background())
	if err != nil || len(rows) != 3 {
		t.Fatalf("poison: %+v, %v", rows, err)
	}
	for i, want := range []string{"the translator panicked: runtime error: slice bounds out of range", "no subject", "is empty or holds a NUL"} {
		if !strings.Contains(rows[i].Reason, want) || rows[i].Translator != "notes" {
			t.Errorf("poison %d: %+v, want %q", i, rows[i], want)
		}
	}
	if !strings.Contains(rows[0].Reason, "(pump/pump_test.go:") {
		t.Errorf("the panic's line is not named: %s", rows[0].Reason)
	}
	row, err := j.Reader().PoisonItem(context.Background(), rows[0].ID)
	if err != nil || string(row.Item) != "panic" || row.Digest != "digest of panic" {
		t.Errorf("the item kept: %+v, %v", row, err)
	}
	c, err := j.Reader().Counts(context.Background())
	if err != nil || c.Skipped["not a note"] != 1 || c.Skipped["an echo"] != 1 || c.Skipped["no events"] != 1 {
		t.Errorf("skipped: %v, %v", c.Skipped, err)
	}
}

func TestCancelWaitsForWhatIsInFlight(t *testing.T) {
	slow := make(chan struct{})
	var once sync.Once
	sealing := make(chan struct{})
	j := openJournal(t, func(*event.Encoded) error {
		once.Do(func() { close(sealing) })
		<-slow
		return nil
	})
	tape := newTape(lines(20), false)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- newPump(j, tape, translateNote).Run(ctx) }()
	<-sealing
	cancel()
	select {
	case <-ended:
		t.Fatal("Run ended with records in flight")
	case <-time.After(50 * time.Millisecond):
	}
	close(slow)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	tape.check(t)
	if got := stored(t, j); len(got) != tape.given {
		t.Errorf("%d taken, %d stored", tape.given, len(got))
	}
}

func TestCancelDuringAPause(t *testing.T) {
	j := openJournal(t, func(*event.Encoded) error { return errors.New("never") })
	tape := newTape(lines(5), false)
	p := newPump(j, tape, translateNote)
	ctx, cancel := context.WithCancel(context.Background())
	var failures atomic.Int64
	p.OnErr = func(error) {
		if failures.Add(1) == 3 {
			cancel()
		}
	}
	if err := p.Run(ctx); err != nil {
		t.Fatal(err)
	}
	tape.check(t)
	if got := stored(t, j); len(got) != 0 {
		t.Errorf("stored: %q", got)
	}
}

func TestBytesInFlightAreBounded(t *testing.T) {
	f := newFlow(nil, nil)
	f.enter(maxBytes * 2) // one item is always taken
	entered := make(chan struct{})
	go func() { f.enter(1); close(entered) }()
	select {
	case <-entered:
		t.Fatal("a second item was taken over the limit")
	case <-time.After(20 * time.Millisecond):
	}
	f.leave(maxBytes * 2)
	<-entered
	f.leave(1)
	f.drain()
}

func TestPauses(t *testing.T) {
	for failures := range 40 {
		want := min(longestPause, firstPause<<min(max(failures-1, 0), 20))
		for range 20 {
			if d := pause(failures); d < want/2 || d > want {
				t.Fatalf("after %d failures: %v, want between %v and %v", failures, d, want/2, want)
			}
		}
	}
}

// A random walk: whatever fails, each line is stored once and in order.
func TestRandomErrors(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var mu sync.Mutex
	luck := func(n int) bool { mu.Lock(); defer mu.Unlock(); return rng.IntN(n) == 0 }
	j := openJournal(t, func(*event.Encoded) error {
		if luck(150) {
			return journal.ErrFull
		}
		return nil
	})
	tape := newTape(lines(400), true)
	run(t, newPump(j, tape, func(it translate.Item[string]) ([]event.Event, error) {
		if luck(100) {
			return nil, errors.New("bad luck")
		}
		return translateNote(it)
	}))
	tape.check(t)
	if got := stored(t, j); !slices.Equal(got, tape.items) {
		t.Errorf("%d texts stored, or out of order", len(got))
	}
}
