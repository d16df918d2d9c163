package pump

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"busbar/common/event"
	"busbar/common/translate"
)

// TestOneItemHoldsUpNobody lets some items never end, as long as all others are
// not published; then they are, too.
func TestOneItemHoldsUpNobody(t *testing.T) {
	j := openJournal(t, nil)
	items := lines(30)
	slow := []string{items[3], items[4], items[17]}
	free := make(chan struct{})
	tape := newTape(items, true)
	p := newPump(j, tape, func(it translate.Item[string]) ([]event.Event, error) {
		if slices.Contains(slow, it.Value) {
			<-free
		}
		return translateNote(it)
	})
	p.Timeout = 20 * time.Millisecond
	run(t, p)
	tape.check(t)
	if got := stored(t, j); len(got) != len(items)-len(slow) {
		t.Errorf("%d are published: %q", len(got), got)
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
		t.Errorf("published: %q", got)
	}
}

// More slow items than slots: the rest waits for a slot, says so, and ends with
// the program.
func TestSlowItemsAreBounded(t *testing.T) {
	j := openJournal(t, nil)
	free := make(chan struct{})
	defer close(free)
	p := newPump(j, newTape(lines(maxSlow+1), false), func(translate.Item[string]) ([]event.Event, error) {
		<-free
		return nil, translate.Ignore("at last")
	})
	p.Timeout = time.Millisecond
	ctx, cancel := context.WithCancel(context.Background())
	p.OnErr = func(err error) {
		if err != nil && strings.Contains(err.Error(), "still being translated") {
			cancel()
		}
	}
	if err := p.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if ctx.Err() == nil {
		t.Error("OnErr was not called")
	}
	if c, err := j.Reader().Counts(context.Background()); err != nil || c.Poisoned != maxSlow {
		t.Errorf("put aside: %+v, %v", c, err)
	}
}

// TestReadingHoldsUpNobody: what Read does counts, too, and what it makes of an
// item is what is published, kept and vouched for, at once and late.
func TestReadingHoldsUpNobody(t *testing.T) {
	j := openJournal(t, nil)
	items := lines(9)
	free := make(chan struct{})
	p := newPump(j, newTape(items, true), func(it translate.Item[string]) ([]event.Event, error) {
		if strings.HasSuffix(it.Value, "6 read") {
			return nil, translate.Poison("odd")
		}
		return translateNote(it)
	})
	p.Read = func(it translate.Item[any]) translate.Item[any] {
		switch it.Value {
		case items[2]:
			<-free
		case items[5]:
			panic("a fault")
		}
		it.Value = it.Value.(string) + " read"
		it.Evidence = []event.Evidence{{Type: "test", Verdict: "none", Detail: it.Value.(string)}}
		return it
	}
	p.Timeout = 20 * time.Millisecond
	run(t, p)
	rows, err := j.Reader().Poisoned(t.Context())
	if err != nil || len(rows) != 3 || rows[0].Translator != Aside ||
		!strings.Contains(rows[1].Reason, "panicked: a fault") || rows[2].Reason != "odd" {
		t.Errorf("kept: %+v, %v", rows, err)
	}
	close(free)
	for more := j.Changed(); ; more = j.Changed() {
		if seq, err := j.Reader().LastSeq(t.Context()); err != nil {
			t.Fatal(err)
		} else if seq == 7 {
			break
		}
		select {
		case <-more:
		case <-time.After(time.Minute):
			t.Fatal("the item that was put aside is never published")
		}
	}
	messages, err := j.Reader().After(t.Context(), 0, 100)
	if err != nil || len(messages) != 7 {
		t.Fatalf("%d messages, %v", len(messages), err)
	}
	for _, m := range messages {
		tree, e, err := event.ParseMessage(m.Wire)
		text, _ := tree["msg"].(map[string]any)["text"].(string)
		if err != nil || !strings.HasSuffix(text, " read") || len(e.Evidence) != 1 || e.Evidence[0].Detail != text {
			t.Errorf("%s: %v %+v", m.Wire, err, e)
		}
	}
}
