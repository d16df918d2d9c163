package pump

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"busbar/common/event"
	"busbar/common/journal"
	"busbar/common/translate"
)

// become waits until so many items are published, and what is kept of others has these
// words, in its order. On a busy machine any item may take long, and is then put aside
// until it is translated.
func become(t *testing.T, j *journal.Journal, published int, kept ...string) {
	t.Helper()
	for end := time.Now().Add(3 * time.Minute); ; time.Sleep(time.Millisecond) { // between two looks at the condition
		seq, err := j.Reader().LastSeq(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		rows, err := j.Reader().Poisoned(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if seq == int64(published) && slices.EqualFunc(rows, kept, func(row journal.PoisonRow, words string) bool {
			return strings.Contains(row.Translator+": "+row.Reason, words)
		}) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d are published, and kept %+v; want %d, and %q", seq, rows, published, kept)
		}
	}
}

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
	const long = "takes longer than 20ms"
	become(t, j, len(items)-len(slow), long, long, long)
	for _, text := range stored(t, j) {
		if slices.Contains(slow, text) {
			t.Errorf("%q is published, and not translated yet", text)
		}
	}
	close(free)
	become(t, j, len(items))
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
	become(t, j, 6, Aside+": ", "panicked: a fault", ": odd")
	close(free)
	become(t, j, 7, "panicked: a fault", ": odd")
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
