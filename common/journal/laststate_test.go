package journal

import (
	"context"
	"errors"
	"maps"
	"testing"

	"busbar/common/event"
)

func seenAll(t *testing.T, r *Reader, source string) map[string]string {
	t.Helper()
	all, last := map[string]string{}, ""
	err := r.EachState(context.Background(), source, func(key string, value []byte) error {
		if key <= last {
			t.Errorf("%q came after %q", key, last)
		}
		last = key
		all[key] = string(value)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestSeenIsStoredWithItsNews(t *testing.T) {
	t.Parallel()
	path := journalPath(t)
	j := mustOpen(t, options(path))
	ctx := context.Background()
	first := noteRecord("m-1")
	first.States = []event.State{{Source: "queue", Key: "hello", Value: []byte("1")}, {Source: "queue", Key: "tea pot", Value: []byte{}}, {Source: "other", Key: "hello", Value: []byte("x")}}
	if _, err := j.Append(ctx, first); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Append(ctx, Record{States: []event.State{{Source: "queue", Key: "hello", Value: []byte("2")}, {Source: "queue", Key: "gone", Value: nil}, {Source: "queue", Key: "žába", Value: []byte("3")}}}); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Append(ctx, Record{States: []event.State{{Source: "queue", Key: "tea pot", Value: nil}}}); err != nil {
		t.Fatal(err)
	}
	if got, want := seenAll(t, j.Reader(), "queue"), (map[string]string{"hello": "2", "žába": "3"}); !maps.Equal(got, want) {
		t.Errorf("the queue is %q, want %q", got, want)
	}
	if v, err := j.Reader().StateOf(ctx, "other", "hello"); err != nil || string(v) != "x" {
		t.Errorf("the other hello is %q (%v)", v, err)
	}
	if _, err := j.Reader().StateOf(ctx, "queue", "tea pot"); !errors.Is(err, ErrNotFound) {
		t.Errorf("what was forgotten gives %v", err)
	}
	if n, err := j.Reader().CountStates(ctx); err != nil || !maps.Equal(n, map[string]int64{"queue": 2, "other": 1}) {
		t.Errorf("counted %v (%v)", n, err)
	}
	stop := errors.New("enough")
	if err := j.Reader().EachState(ctx, "queue", func(string, []byte) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("a visit that fails gives %v", err)
	}
	if c, err := j.Reader().Counts(ctx); err != nil || c.LastSeq != 1 {
		t.Errorf("there are %d messages (%v)", c.LastSeq, err)
	}
}

func TestSeenWithoutAKeyIsRefused(t *testing.T) {
	t.Parallel()
	j := mustOpen(t, options(journalPath(t)))
	for _, s := range []event.State{{Source: "", Key: "k", Value: nil}, {Source: "s", Key: "", Value: []byte("v")}} {
		r := noteRecord("m-1")
		r.States = []event.State{s}
		if _, err := j.Append(context.Background(), r); !errors.Is(err, ErrRecord) {
			t.Errorf("%+v gives %v", s, err)
		}
	}
	if c, err := j.Reader().Counts(context.Background()); err != nil || c.LastSeq != 0 {
		t.Errorf("there are %d messages (%v)", c.LastSeq, err)
	}
}
