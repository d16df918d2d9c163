package journal

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"
)

func sinks(t *testing.T, r *Reader) map[string]Sink {
	t.Helper()
	list, err := r.Sinks(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	m := map[string]Sink{}
	for _, s := range list {
		m[s.Name] = s
	}
	return m
}

func openSink(t *testing.T, j *Journal, sink string, begin Begin, want int64) {
	t.Helper()
	if got, err := j.OpenSink(context.Background(), sink, begin); err != nil || got != want {
		t.Errorf("sink %s stands at %d, not at %d (%v)", sink, got, want, err)
	}
}

// TestWhereSinksBegin: a new one begins where it is told to, and stays there over
// a restart; one that is known goes on.
func TestWhereSinksBegin(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	o := options(journalPath(t))
	c := &clock{at: someday}
	o.Now, o.Retention = c.now, Retention{Age: time.Hour}
	j := mustOpen(t, o)
	for i := range 5 {
		if i == 3 {
			c.at = c.at.Add(2 * time.Hour)
		}
		mustAppend(t, j, noteRecord(fmt.Sprint(i)))
	}
	openSink(t, j, "early", FromStart, 0)
	if err := j.SetCursor(ctx, "early", 3); err != nil {
		t.Fatal(err)
	}
	openSink(t, j, "early", FromStart, 3) // though it is not stored yet
	if p, err := j.Prune(ctx); err != nil || p.Messages != 3 {
		t.Fatalf("%+v, %v", p, err)
	}
	openSink(t, j, "start", FromStart, 3) // what retention took before its time it does not miss
	openSink(t, j, "now", FromNow, 5)
	if _, err := j.OpenSink(ctx, "", FromNow); err == nil {
		t.Error("a sink without a name is opened")
	}
	mustAppend(t, j, noteRecord("more"))
	j.Close()
	j = mustOpen(t, o)
	openSink(t, j, "now", FromNow, 5)
	openSink(t, j, "start", FromNow, 3)
	got := sinks(t, j.Reader())
	if s := got["start"]; s.Behind != 3 || !s.Since.Equal(someday.Add(2*time.Hour)) || s.Missed != 0 || !s.Used.Equal(c.at) {
		t.Errorf("start: %+v", s)
	}
	if err := j.SetCursor(ctx, "now", 6); err != nil {
		t.Fatal(err)
	}
	mustAppend(t, j, Record{Skip: "nothing"})
	if s := sinks(t, j.Reader())["now"]; s.Behind != 0 || !s.Since.IsZero() {
		t.Errorf("now, with everything: %+v", s)
	}
}

// TestRetentionAndSinks: one that is used holds what it has not got, for as long
// as it takes; one that was taken out, for a week, and is known for a year.
func TestRetentionAndSinks(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	o := options(journalPath(t))
	c := &clock{at: someday}
	o.Now, o.Retention = c.now, Retention{Age: time.Hour}
	j := mustOpen(t, o)
	for i := range 10 {
		mustAppend(t, j, noteRecord(fmt.Sprint(i)))
	}
	for sink, seq := range map[string]int64{"down": 4, "taken out": 2} {
		openSink(t, j, sink, FromStart, 0)
		if err := j.SetCursor(ctx, sink, seq); err != nil {
			t.Fatal(err)
		}
	}
	j.Close()
	j = mustOpen(t, o)
	j.Use("down") // it has not even been opened, such as for a taken port
	for _, step := range []struct {
		after    time.Duration
		messages int64
		held     string
	}{
		{6 * 24 * time.Hour, 2, "taken out"},
		{2 * 24 * time.Hour, 2, "down"},
		{300 * 24 * time.Hour, 0, "down"},
	} {
		c.at = c.at.Add(step.after)
		if p, err := j.Prune(ctx); err != nil || p.Messages != step.messages || p.HeldBy != step.held {
			t.Errorf("%s later: %+v, %v", step.after, p, err)
		}
	}
	openSink(t, j, "down", FromNow, 4)
	if s := sinks(t, j.Reader())["taken out"]; s.Cursor != 2 || s.Behind != 8 {
		t.Errorf("taken out: %+v", s)
	}
	c.at = c.at.Add(100 * 24 * time.Hour)
	if _, err := j.Prune(ctx); err != nil {
		t.Fatal(err)
	}
	if got := sinks(t, j.Reader()); len(got) != 1 || got["down"].Cursor != 4 {
		t.Errorf("after a year: %+v", got)
	}
}

func TestMissed(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	o := options(journalPath(t))
	o.Now = func() time.Time { return someday }
	j := mustOpen(t, o)
	openSink(t, j, "push", FromStart, 0)
	openSink(t, j, "other", FromStart, 0)
	for i := range int64(maxMissed + 5) {
		if err := j.Miss(ctx, "push", Missed{First: 10 * i, Last: 10*i + 2, Reason: "dropped"}); err != nil {
			t.Fatal(err)
		}
	}
	for _, reason := range []string{"too long", "much too long"} { // the newest reason stands
		if err := j.Miss(ctx, "other", Missed{First: 7, Last: 7, Reason: reason}); err != nil {
			t.Fatal(err)
		}
	}
	list, err := j.Missed(ctx, "push")
	if err != nil || len(list) != maxMissed || list[0] != (Missed{50, 52, "dropped", someday.UTC()}) {
		t.Errorf("%d rows are kept, the oldest %+v (%v)", len(list), list[0], err)
	}
	if err := j.Unmiss(ctx, "push", 60, 10_000_000); err != nil {
		t.Fatal(err)
	}
	got := sinks(t, j.Reader())
	if got["push"].Missed != 3 || got["other"].Missed != 1 {
		t.Errorf("%+v", got)
	}
	if list, err := j.Reader().Missed(ctx, "other"); err != nil || len(list) != 1 || list[0].Reason != "much too long" {
		t.Errorf("%+v, %v", list, err)
	}
	j.Close()
	if err := j.Miss(ctx, "push", Missed{First: 1, Last: 1}); !errors.Is(err, ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}
