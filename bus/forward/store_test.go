package forward

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"busbar/common/drain"
	"busbar/common/event"
	"busbar/common/journal"
	"busbar/common/programtest"
	"busbar/common/subscribe"
)

// A script is a source that hands out what a test has, and then waits.
type script struct {
	mu       sync.Mutex
	messages []*subscribe.Message
	next     int
	recorded int
	acked    map[*subscribe.Message]bool
	fails    int // so many transactions
}

func (s *script) Next(ctx context.Context) (*subscribe.Message, error) {
	s.mu.Lock()
	if s.next < len(s.messages) {
		s.next++
		m := s.messages[s.next-1]
		s.mu.Unlock()
		return m, nil
	}
	s.mu.Unlock()
	<-ctx.Done()
	return nil, ctx.Err()
}

func (s *script) Record(_ context.Context, _ subscribe.Tx, list ...*subscribe.Message) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fails > 0 {
		s.fails--
		return errors.New("no room on the disk")
	}
	s.recorded += len(list)
	return nil
}

func (s *script) Ack(_ context.Context, list ...*subscribe.Message) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range list {
		s.acked[m] = true
	}
	return nil
}

func (s *script) done() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.acked)
}

// scripted is n messages, of which some are not wanted, and some are gaps.
func scripted(n int, text string) *script {
	s := &script{acked: map[*subscribe.Message]bool{}}
	for i := 1; i <= n; i++ {
		m := &subscribe.Message{Topic: "org.example.note", Body: []byte(fmt.Sprint(text, i)), Envelope: event.Envelope{Topic: "org.example.note", MsgID: fmt.Sprint(i), Publisher: "p", Seq: int64(i)}}
		switch {
		case i%10 == 7:
			m.Topic = "unwanted"
		case i%10 == 9:
			m = &subscribe.Message{Gap: &subscribe.Gap{Publisher: "p", From: int64(i), To: int64(i)}}
		}
		s.messages = append(s.messages, m)
	}
	return s
}

func (s *script) wanted() (list []string) {
	for _, m := range s.messages {
		if m.Gap == nil && m.Topic != "unwanted" {
			list = append(list, string(m.Body))
		}
	}
	return list
}

// A shelf is a sink that puts messages onto a list, and acknowledges them while its
// gate is open.
type shelf struct {
	mu     sync.Mutex
	got    []string
	refuse string // what it refuses
	closed bool
	conn   *drain.Link
}

func (s *shelf) Open(_ context.Context, link *drain.Link) (drain.Conn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conn = link
	return s, nil
}

func (s *shelf) Close() error { return nil }

func (s *shelf) Send(_ context.Context, batch []journal.Message) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range batch {
		if s.refuse != "" && strings.HasSuffix(string(m.Wire), s.refuse) {
			if err := s.conn.Refuse(m.Seq, errors.New("not this one")); err != nil {
				return err
			}
			continue
		}
		s.got = append(s.got, string(m.Wire))
		if !s.closed {
			s.conn.AckAt(m.Seq, "at "+string(m.Wire))
		}
	}
	return nil
}

func (s *shelf) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.got)
}

// A bench is a store with a loop that empties it.
type bench struct {
	*worker
	stop func() error
}

func (s *script) bench(t *testing.T, path string, sink drain.Sink) *bench {
	t.Helper()
	db, err := subscribe.OpenFile(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	st, err := newStore(t.Context(), s, db, func(m *subscribe.Message) bool { return m.Topic != "unwanted" }, log)
	if err != nil {
		t.Fatal(err)
	}
	w := &worker{store: st, drain: &drain.Drain{Store: st, Sink: sink, Name: sinkName, Window: window, Patience: patience, Log: log}, log: log}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.run(ctx) }()
	stop := sync.OnceValue(func() error {
		cancel()
		return errors.Join(<-done, db.Close())
	})
	t.Cleanup(func() { stop() })
	return &bench{w, stop}
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(programtest.Patience); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("in vain: %s", what)
		}
	}
}

// TestStore: all that is wanted goes, in order; all else, and gaps, is done with, too;
// cursor and bookmark are there at the next start.
func TestStore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "position")
	s, far := scripted(1000, "note "), &shelf{}
	b := s.bench(t, path, far)
	eventually(t, "all is acknowledged", func() bool { return s.done() == 1000 })
	if err := b.stop(); err != nil {
		t.Error(err)
	}
	want := s.wanted()
	if strings.Join(far.got, ",") != strings.Join(want, ",") || s.recorded != 1000 {
		t.Errorf("%d went, not %d; %d are recorded", len(far.got), len(want), s.recorded)
	}
	if st := b.store.status(); st.passed != 100 || st.gaps != 100 || st.waiting != 0 || b.store.bytes != 0 {
		t.Errorf("status %+v, %d bytes", st, b.store.bytes)
	}
	b = scripted(0, "").bench(t, path, far)
	at, _ := b.store.OpenSink(t.Context(), sinkName, journal.FromStart)
	bookmark, _ := b.store.Bookmark(t.Context(), sinkName)
	if at != int64(len(want)) || bookmark != "at "+want[len(want)-1] {
		t.Errorf("at the next start the cursor is %d, the bookmark %q", at, bookmark)
	}
}

// TestNothingIsAcknowledged: what the far side has not acknowledged stays, within
// bounds, and the position with it.
func TestNothingIsAcknowledged(t *testing.T) {
	s, far := scripted(20_000, strings.Repeat("x", 100)), &shelf{closed: true}
	b := s.bench(t, filepath.Join(t.TempDir(), "position"), far)
	eventually(t, "the window is full", func() bool { return far.count() >= window })
	eventually(t, "the store is full", func() bool { return b.store.status().waiting == maxWaiting })
	if n := far.count(); n > window+partMessages {
		t.Errorf("%d were handed over", n)
	}
	if n := s.done(); n > 9 { // gaps and others before the first that is wanted, at most
		t.Errorf("%d are acknowledged", n)
	}
	if err := b.stop(); err != nil {
		t.Error(err)
	}
	big := scripted(400, strings.Repeat("x", 1<<20))
	b = big.bench(t, filepath.Join(t.TempDir(), "position"), &shelf{closed: true})
	eventually(t, "the bytes are many", func() bool { b.store.mu.Lock(); defer b.store.mu.Unlock(); return b.store.bytes >= maxBytes })
	if n := b.store.status().waiting; n > maxBytes>>20+10 {
		t.Errorf("%d messages of a MiB wait", n)
	}
}

// TestPositionCannotBeWritten: that is said, and nothing is acknowledged before it is
// over.
func TestPositionCannotBeWritten(t *testing.T) {
	s := scripted(100, "note ")
	s.fails = 3
	b := s.bench(t, filepath.Join(t.TempDir(), "position"), &shelf{})
	eventually(t, "it is said", func() bool { return b.store.status().err != nil || s.done() == 100 })
	eventually(t, "all is acknowledged", func() bool { return s.done() == 100 })
	eventually(t, "it is over", func() bool { return b.store.status().err == nil })
	if err := b.stop(); err != nil {
		t.Error(err)
	}
}

// TestRefusedIsKept: what the far side refuses is kept, and offered again at the next
// start.
func TestRefusedIsKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "position")
	s, far := scripted(20, "note "), &shelf{refuse: "e 5"}
	b := s.bench(t, path, far)
	eventually(t, "all is done with", func() bool { return s.done() == 20 })
	if n, why := b.missed(); n != 1 || why != "not this one" {
		t.Errorf("%d were refused: %s", n, why)
	}
	if err := b.stop(); err != nil {
		t.Error(err)
	}
	far.refuse = ""
	b = scripted(0, "").bench(t, path, far)
	eventually(t, "it is taken", func() bool { n, _ := b.missed(); return n == 0 })
	if got := far.got[len(far.got)-1]; got != "note 5" {
		t.Errorf("what came last is %q", got)
	}
}

// TestMissedIsBounded: of what was refused no more is kept than may.
func TestMissedIsBounded(t *testing.T) {
	db, err := subscribe.OpenFile(t.Context(), filepath.Join(t.TempDir(), "position"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	st, err := newStore(t.Context(), scripted(0, ""), db, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("INSERT INTO forward_missed VALUES (?, 1, 1, 'x', 0, 'id', 'topic', zeroblob(?))", sinkName, maxKept-10); err != nil {
		t.Fatal(err)
	}
	for n := range int64(maxMissed + 5) {
		m := subscribe.Message{Topic: "a.b", Body: []byte("more than ten bytes"), Envelope: event.Envelope{MsgID: "id"}}
		st.waiting = []waiting{{m: &m, n: n + 2}}
		if err := st.Miss(t.Context(), sinkName, journal.Missed{First: n + 2, Last: n + 2, Reason: "x"}); err != nil {
			t.Fatal(err)
		}
	}
	list, err := st.Missed(t.Context(), sinkName)
	if err != nil || len(list) != maxMissed {
		t.Errorf("%d are kept, %v", len(list), err)
	}
	var wires int
	if err := db.QueryRow("SELECT count(wire) FROM forward_missed").Scan(&wires); err != nil && !errors.Is(err, sql.ErrNoRows) {
		t.Fatal(err)
	}
	// The large one went with the oldest; what came before that has no message.
	if wires > 10 {
		t.Errorf("%d of them with their messages", wires)
	}
}
