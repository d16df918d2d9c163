package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
)

func poison(translator string, n, size int) Record {
	item := append(fmt.Appendf(nil, "%s %d ", translator, n), bytes.Repeat([]byte("x"), size)...)
	return Record{Origin: fmt.Sprint(translator, " ", n), Item: item, Poison: "unreadable", Translator: translator}
}

func origins(t *testing.T, j *Journal) map[string]bool {
	t.Helper()
	rows, err := j.Reader().Poisoned(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	m := map[string]bool{}
	for _, r := range rows {
		m[r.Origin] = true
	}
	return m
}

func TestPoisonIsBounded(t *testing.T) {
	t.Parallel()
	o := options(journalPath(t))
	o.Poison = PoisonBounds{Items: 20, Bytes: 100_000}
	j := mustOpen(t, o)
	for n := range 3 {
		mustAppend(t, j, poison("quiet", n, 1000))
	}
	for n := range 200 { // a flood of small ones
		mustAppend(t, j, poison("loud", n, 10))
	}
	kept := origins(t, j)
	for _, want := range []string{"quiet 0", "quiet 1", "quiet 2", "loud 199", "loud 198"} {
		if !kept[want] {
			t.Errorf("%s had to go", want)
		}
	}
	if c := counts(t, j.Reader()); len(kept) != 20 || c.Poisoned != 20 || c.PoisonDropped != 183 {
		t.Errorf("%d are kept; counted %+v", len(kept), c)
	}
	for n := range 20 { // and of large ones
		mustAppend(t, j, poison("loud", 1000+n, 40_000))
	}
	kept = origins(t, j)
	c := counts(t, j.Reader())
	if c.PoisonBytes > 100_000 || !kept["quiet 0"] || !kept["loud 1019"] && !kept["loud 1000"] {
		t.Errorf("%d bytes are kept: %v", c.PoisonBytes, kept)
	}
	mustAppend(t, j, poison("huge", 1, 200_000))
	if n := len(origins(t, j)); n == 0 {
		t.Error("nothing is kept at all")
	}
	mustVerify(t, j.Reader())
}

func TestDropPoison(t *testing.T) {
	t.Parallel()
	j := mustOpen(t, options(journalPath(t)))
	for n := range 3 {
		mustAppend(t, j, poison("a", n, 10))
	}
	rows, err := j.Reader().Poisoned(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the same request twice is no error
		if err := j.DropPoison(context.Background(), []int64{rows[0].ID, rows[2].ID, 99}); err != nil {
			t.Fatal(err)
		}
	}
	if kept := origins(t, j); len(kept) != 1 || !kept["a 1"] {
		t.Errorf("kept: %v", kept)
	}
	if err := DropPoison(context.Background(), j.o.Path, []int64{rows[1].ID}); !errors.Is(err, ErrLocked) {
		t.Errorf("beside the writer: %v", err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if err := DropPoison(context.Background(), j.o.Path, []int64{rows[1].ID}); err != nil {
		t.Fatal(err)
	}
	if kept := origins(t, mustOpen(t, j.o)); len(kept) != 0 {
		t.Errorf("kept: %v", kept)
	}
}
