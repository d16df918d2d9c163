package journal

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"
)

// clock is a time that tests move.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func TestRetentionByAge(t *testing.T) {
	t.Parallel()
	o := options(journalPath(t))
	c := &clock{at: someday}
	o.Now, o.Retention = c.now, Retention{Age: 24 * time.Hour}
	j := mustOpen(t, o)
	for i := range 10 {
		mustAppend(t, j, noteRecord(fmt.Sprint(i)))
		c.at = c.at.Add(6 * time.Hour)
	}
	if err := j.SetCursor(context.Background(), "pub", 3); err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	if p, err := j.Prune(ctx); err != nil || p.Messages != 3 || p.HeldBy != "pub" {
		t.Fatalf("with a cursor at 3: %+v, %v", p, err)
	}
	if err := j.SetCursor(ctx, "pub", 10); err != nil {
		t.Fatal(err)
	}
	if p, err := j.Prune(ctx); err != nil || p.Messages != 3 || p.HeldBy != "" {
		t.Fatalf("with a cursor at 10: %+v, %v", p, err)
	}
	if got := counts(t, j.Reader()); got.FirstSeq != 7 || got.LastSeq != 10 || got.Messages != 4 {
		t.Errorf("counts: %+v", got)
	}
	if r := mustVerify(t, j.Reader()); r.First != 7 || r.Messages != 4 {
		t.Errorf("report: %+v", r)
	}
	if res := mustAppend(t, j, noteRecord("0")); res.Duplicates != 1 {
		t.Errorf("a pruned fact was published anew: %+v", res)
	}
	if _, err := j.Reader().ByID(ctx, note("0").ID(someday)); !errors.Is(err, ErrPruned) {
		t.Errorf("a pruned message: %v", err)
	}
	c.at = c.at.AddDate(10, 0, 0)
	if p, err := j.Prune(ctx); err != nil || p.Messages != 3 {
		t.Fatalf("after years: %+v, %v", p, err)
	}
	if m, err := j.Reader().Last(ctx); err != nil || m.Seq != 10 {
		t.Errorf("the newest must stay: %d, %v", m.Seq, err)
	}
	j.Close()
	j = mustOpen(t, o)
	if res := mustAppend(t, j, noteRecord("new")); res.Seqs[0] != 11 {
		t.Errorf("after opening again: %+v", res)
	}
	mustVerify(t, j.Reader())
}

func TestRetentionBySize(t *testing.T) {
	t.Parallel()
	o := options(journalPath(t))
	o.Retention = Retention{Bytes: 200_000}
	j := mustOpen(t, o)
	var records []Record
	for i := range 500 {
		records = append(records, big(fmt.Sprint(i)))
	}
	for len(records) > 0 {
		_, errs := together(t, j, records[:100]...)
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		records = records[100:]
	}
	before := counts(t, j.Reader())
	for range 40 { // each gives some pages back
		if _, err := j.Prune(context.Background()); err != nil {
			t.Fatal(err)
		}
		mustAppend(t, j, Record{Skip: "nothing"})
	}
	after := counts(t, j.Reader())
	if after.MessageBytes > 200_000 || after.MessageBytes < 170_000 || after.LastSeq != 500 {
		t.Errorf("kept %+v", after)
	}
	var size int64
	for _, m := range all(t, j.Reader()) {
		size += int64(len(m.Wire))
	}
	if size != after.MessageBytes {
		t.Errorf("the journal counts %d bytes and holds %d", after.MessageBytes, size)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j = mustOpen(t, o)
	if c := counts(t, j.Reader()); c.FileBytes > before.FileBytes/2 {
		t.Errorf("the file has %d bytes after %d", c.FileBytes, before.FileBytes)
	}
	mustVerify(t, j.Reader())
}

func TestCursors(t *testing.T) {
	t.Parallel()
	o := options(journalPath(t))
	j := mustOpen(t, o)
	ctx := context.Background()
	_, errs := together(t, j, numbered("c", 5)...)
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []struct {
		sink string
		seq  int64
	}{{"", 1}, {"pub", -1}, {"pub", 6}} {
		if err := j.SetCursor(ctx, bad.sink, bad.seq); err == nil {
			t.Errorf("cursor %+v was taken", bad)
		}
	}
	for sink, seq := range map[string]int64{"pub": 4, "old": 1} {
		if err := j.SetCursor(ctx, sink, seq); err != nil {
			t.Fatal(err)
		}
	}
	deadline := time.Now().Add(3 * time.Minute)
	for {
		got, err := j.Reader().Cursors(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if got["pub"] == 4 && got["old"] == 1 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("cursors were not stored: %v", got)
		}
		time.Sleep(20 * time.Millisecond) // between two looks at the condition
	}
	if err := j.SetCursor(ctx, "pub", 5); err != nil {
		t.Fatal(err)
	}
	j.Close()
	j = mustOpen(t, o)
	if got, err := j.Reader().Cursors(ctx); err != nil || len(got) != 2 || got["pub"] != 5 {
		t.Errorf("after Close: %v, %v", got, err)
	}
}
