package nats

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"busbar/common/drain"
	"busbar/common/event"
	"busbar/common/journal"
)

// patience bounds what must come. No test that passes takes so long.
const patience = 3 * time.Minute

// A speaker is a publisher's journal.
type speaker struct {
	*journal.Journal
	t    *testing.T
	said int
}

var noteKind = event.Define("notes.note.create", "somebody wrote a note", func(n int) string { return fmt.Sprint("note ", n) }, nil)

func newSpeaker(t *testing.T) *speaker {
	t.Helper()
	j, err := journal.Open(t.Context(), journal.Options{
		Path:     filepath.Join(t.TempDir(), "journal.db"),
		Identity: journal.Identity{Prefix: "org.example", Environment: "dev", Name: "notes.here", Username: "notes"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return &speaker{Journal: j, t: t}
}

// say says n more.
func (s *speaker) say(n int) {
	s.t.Helper()
	var events []event.Event
	for range n {
		s.said++
		events = append(events, event.Event{Kind: noteKind, Key: fmt.Sprint(s.said), Time: time.Unix(1.78e9, 0), Body: s.said})
	}
	if _, err := s.Append(s.t.Context(), journal.Record{Origin: "test", Events: events}); err != nil {
		s.t.Fatal(err)
	}
}

// all is what it said, as it is published.
func (s *speaker) all() [][]byte {
	s.t.Helper()
	var list [][]byte
	for at := int64(0); ; {
		part, err := s.After(s.t.Context(), at, 0)
		if err != nil {
			s.t.Fatal(err)
		}
		if len(part) == 0 {
			return list
		}
		for _, m := range part {
			list, at = append(list, m.Wire), m.Seq
		}
	}
}

// A shelf is a store that keeps cursor and bookmark, as that of bus forward does, or
// loses what comes after it was frozen, as a kill does.
type shelf struct {
	drain.Store
	mu       sync.Mutex
	frozen   bool
	cursor   int64
	bookmark string
}

func (s *shelf) OpenSink(context.Context, string, journal.Begin) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cursor, nil
}

func (s *shelf) Bookmark(context.Context, string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bookmark, nil
}

func (s *shelf) SetBookmark(_ context.Context, _ string, seq int64, bookmark string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.frozen {
		s.cursor, s.bookmark = seq, bookmark
	}
	return nil
}

func (s *shelf) SetCursor(_ context.Context, _ string, seq int64) error {
	return fmt.Errorf("the sink acknowledges %d without a bookmark", seq)
}

func (s *shelf) freeze(yes bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.frozen = yes
}

// A running loop.
type running struct {
	*drain.Drain
	t    *testing.T
	stop func()
}

// run empties a store into a sink until stop is called.
func run(t *testing.T, store drain.Store, s drain.Sink) *running {
	t.Helper()
	d := &drain.Drain{Store: store, Sink: s, Name: "test", Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := d.Run(ctx); err != nil {
			t.Error(err)
		}
	}()
	stop := sync.OnceFunc(func() {
		cancel()
		<-done
	})
	t.Cleanup(stop)
	return &running{d, t, stop}
}

// reaches waits until the far side has all up to a number.
func (r *running) reaches(seq int64) {
	r.t.Helper()
	eventually(r.t, fmt.Sprintf("%d is acknowledged", seq), func() bool { return r.Status().Cursor >= seq })
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("in vain: %s", what)
		}
	}
}

// same holds what a stream has against what was said.
func same(t *testing.T, got, want [][]byte) {
	t.Helper()
	for i := range min(len(got), len(want)) {
		if string(got[i]) != string(want[i]) {
			t.Fatalf("message %d of the stream is %.300q, not %.300q", i+1, got[i], want[i])
		}
	}
	if len(got) != len(want) {
		t.Fatalf("the stream has %d messages, not %d", len(got), len(want))
	}
}
