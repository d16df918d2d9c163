package journal

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"
)

// spans is a journal of n messages, one every two seconds.
func spans(t testing.TB, n int) *Journal {
	t.Helper()
	o := options(journalPath(t))
	now := someday
	o.Now = func() time.Time { return now }
	o.Retention = Retention{Age: time.Hour}
	j := mustOpen(t, o)
	for i := range n {
		mustAppend(t, j, noteRecord(fmt.Sprint(i)))
		now = now.Add(2 * time.Second)
	}
	return j
}

func TestSpan(t *testing.T) {
	j := spans(t, 10)
	check := func(wantOldest, wantNewest int64) {
		t.Helper()
		oldest, newest, err := j.Reader().Span(context.Background())
		if err != nil || oldest != wantOldest || newest != wantNewest {
			t.Errorf("%d to %d, %v; want %d to %d", oldest, newest, err, wantOldest, wantNewest)
		}
	}
	check(1, 10)
	j.o.Now = func() time.Time { return someday.Add(time.Hour + 7*time.Second) }
	if _, err := j.Prune(context.Background()); err != nil {
		t.Fatal(err)
	}
	check(5, 10)
	for _, c := range []struct{ from, to, first, last, n int64 }{
		{5, 10, 5, 10, 6}, {1, 100, 5, 10, 6}, {7, 8, 7, 8, 2}, {10, 10, 10, 10, 1}, {11, 20, 0, 0, 0}, {8, 7, 0, 0, 0},
	} {
		var first, last, n int64
		err := j.Reader().Each(context.Background(), c.from, c.to, func(seq int64, topic string, wire []byte) bool {
			if n++; first == 0 {
				first = seq
			}
			m, err := j.Reader().After(context.Background(), seq-1, 1)
			if err != nil || m[0].Seq != seq || m[0].Topic != topic || string(m[0].Wire) != string(wire) {
				t.Errorf("message %d: %v", seq, err)
			}
			last = seq
			return true
		})
		if err != nil || first != c.first || last != c.last || n != c.n {
			t.Errorf("%d to %d: %d messages, %d to %d, %v", c.from, c.to, n, first, last, err)
		}
	}
	n := 0
	if err := j.Reader().Each(context.Background(), 1, 10, func(int64, string, []byte) bool { n++; return n < 2 }); err != nil || n != 2 {
		t.Errorf("stopped after %d: %v", n, err)
	}
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	if err := j.Reader().Each(gone, 1, 10, func(int64, string, []byte) bool { return true }); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that has ended: %v", err)
	}
	// Messages 5 to 10 were taken in seconds 8, 10, … 18.
	for at, want := range map[int]int64{-1: 5, 8: 5, 9: 6, 10: 6, 17: 10, 18: 10, 19: 11, 1000: 11} {
		if seq, err := j.Reader().Since(context.Background(), someday.Add(time.Duration(at)*time.Second)); err != nil || seq != want {
			t.Errorf("since second %d: %d, %v; want %d", at, seq, err, want)
		}
	}
}

func TestSpanOfANewJournal(t *testing.T) {
	r := mustOpen(t, options(journalPath(t))).Reader()
	if oldest, newest, err := r.Span(context.Background()); oldest != 1 || newest != 0 || err != nil {
		t.Errorf("%d to %d, %v", oldest, newest, err)
	}
	if seq, err := r.Since(context.Background(), someday); seq != 1 || err != nil {
		t.Errorf("since someday: %d, %v", seq, err)
	}
}

func BenchmarkEach(b *testing.B) {
	path := closedJournal(b, 10_000)
	r, err := OpenReader(context.Background(), path)
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	n, size := 0, 0
	for b.Loop() {
		for from := int64(1); from <= 10_000; from += 256 {
			err := r.Each(context.Background(), from, from+255, func(_ int64, _ string, wire []byte) bool { n++; size += len(wire); return true })
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "messages/s")
	b.ReportMetric(float64(size)/float64(n), "B/message")
}
