package pump

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"busbar/adapters"
	"busbar/common/event"
)

// TestOneItemHoldsUpNobody lets some items never end, as long as all others are
// not told; then they are told, too.
func TestOneItemHoldsUpNobody(t *testing.T) {
	j := openJournal(t, nil)
	items := lines(30)
	slow := []string{items[3], items[4], items[17]}
	free := make(chan struct{})
	tape := newTape(items, true)
	p := newPump(j, tape, func(it adapters.Item[string]) ([]event.Event, error) {
		if slices.Contains(slow, it.Value) {
			<-free
		}
		return translateNote(it)
	})
	p.Patience = 20 * time.Millisecond
	run(t, p)
	tape.check(t)
	if got := stored(t, j); len(got) != len(items)-len(slow) {
		t.Errorf("%d are told: %q", len(got), got)
	}
	rows, err := j.Reader().Poisoned(context.Background())
	if err != nil || len(rows) != len(slow) || !strings.Contains(rows[0].Reason, "takes longer than 20ms") {
		t.Errorf("put aside: %+v, %v", rows, err)
	}
	close(free)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		c, err := j.Reader().Counts(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if c.LastSeq == int64(len(items)) && c.Poisoned == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("at last: %+v", c)
		}
	}
	got := stored(t, j)
	slices.Sort(got)
	slices.Sort(items)
	if !slices.Equal(got, items) {
		t.Errorf("told: %q", got)
	}
}

// More slow items than places: the rest waits for a place, says so, and ends with
// the program.
func TestSlowItemsAreBounded(t *testing.T) {
	j := openJournal(t, nil)
	free := make(chan struct{})
	defer close(free)
	p := newPump(j, newTape(lines(maxSlow+1), false), func(adapters.Item[string]) ([]event.Event, error) {
		<-free
		return nil, adapters.Ignore("at last")
	})
	p.Patience = time.Millisecond
	ctx, cancel := context.WithCancel(context.Background())
	p.Weather = func(err error) {
		if err != nil && strings.Contains(err.Error(), "still being translated") {
			cancel()
		}
	}
	if err := p.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if ctx.Err() == nil {
		t.Error("nobody was told of it")
	}
	if c, err := j.Reader().Counts(context.Background()); err != nil || c.Poisoned != maxSlow {
		t.Errorf("put aside: %+v, %v", c, err)
	}
}
