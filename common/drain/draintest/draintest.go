// Package draintest is what every sink must pass: [Run] empties journals into it,
// and kills, cuts, stalls and overtakes it on the way.
//
// What is held: nothing is lost; what comes twice is what was handed over and not
// acknowledged, under the same ids and with the same bytes; order is kept; memory
// is bounded; the cursor never passes what the far side does not have; what cannot
// be delivered has a name.
//
// Not here: what only one sink's far side can do.
package draintest

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"busbar/common/drain"
	"busbar/common/event"
	"busbar/common/journal"
)

// A Far is the far side of a sink under test.
type Far struct {
	// Drain makes a loop with a new sink to the same far side, as each start of a
	// program does. Store, Name, Begin, Log and OnErr are set by the suite.
	Drain func() *drain.Drain
	// Got is the messages that the far side has had since the test began, in their
	// order and whole, as many times as they came.
	Got func() [][]byte
	// Stall has the far side take nothing until the function that it returns is
	// called. Nil: it cannot.
	Stall func() (goOn func())
	// Once says that the sink finds out what the far side has, and hands over
	// nothing of that again.
	Once bool
	// Leaks is how many goroutines each start leaves behind that are not the
	// sink's but of a library that does not end them.
	Leaks int

	// For the suite's own test: how long is waited for what must come, and for the end
	// of a loop; 0: patience.
	patience, endsIn time.Duration
}

// Run runs the conformance suite. far is called for each test, and gives a far side
// that has had nothing; it ends what it starts by t.Cleanup.
func Run(t *testing.T, far func(t *testing.T) Far) {
	t.Helper()
	stalls := far(t).Stall != nil
	for i, c := range []struct {
		name string
		run  func(*site)
	}{
		{"everything arrives in order", everything},
		{"a slow far side holds up nobody", slow},
		{"killed before the acknowledgement", killed},
		{"the connection fails half-way in a batch", halfWay},
		{"one message is refused", refused},
		{"one message of a batch is refused", refusedUnnamed},
		{"everything is refused", allRefused},
		{"the end comes while nothing waits", endIdle},
		{"the end comes while all waits", endWaiting},
		{"nobody answers", silent},
		{"the cursor follows the acknowledgement", cursorLast},
		{"retention overtakes the sink", overtaken},
		{"a new sink begins now", beginsNow},
		{"the far side stalls", stalled},
	} {
		if c.name == "the far side stalls" && !stalls {
			continue
		}
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			if i > 0 { // the first counts what runs
				t.Parallel()
			}
			c.run(newSite(t, far(t)))
		})
	}
}

// patience is how long the suite waits for what must come. It bounds a failure
// alone: no sink that works takes so long.
const patience = 3 * time.Minute

// A site is a journal and the far side of a sink.
type site struct {
	*testing.T
	far Far
	o   journal.Options
	j   *journal.Journal

	mu   sync.Mutex
	now  time.Time // the journal's clock
	last int       // the newest note
}

const sink = "under test"

func newSite(t *testing.T, far Far) *site {
	t.Helper()
	far.patience, far.endsIn = cmp.Or(far.patience, patience), cmp.Or(far.endsIn, patience)
	s := &site{T: t, far: far, now: time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)}
	s.o = journal.Options{
		Path:     filepath.Join(t.TempDir(), "journal.db"),
		Identity: journal.Identity{Prefix: "org.example", Environment: "dev", Name: "draintest", Username: "draintest"},
		Now:      s.clock, Retention: journal.Retention{Age: time.Hour},
	}
	s.open()
	t.Cleanup(func() { s.j.Close() })
	return s
}

// open opens the journal, as each start of a program does.
func (s *site) open() {
	s.Helper()
	if s.j != nil {
		s.j.Close()
	}
	var err error
	if s.j, err = journal.Open(context.Background(), s.o); err != nil {
		s.Fatal(err)
	}
}

func (s *site) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// later moves the journal's clock.
func (s *site) later(by time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(by)
}

type noteBody struct {
	Text string `json:"text"`
}

// Topic is the topic of all messages of the suite.
const Topic = "org.example.dev.notes.note.create"

var noteKind = event.Define("notes.note.create", "somebody wrote a note", func(b noteBody) string { return b.Text }, nil)

// write appends n messages.
func (s *site) write(n int) {
	s.Helper()
	done := make(chan error, n)
	for range n {
		s.last++
		// Lines, quotes and what is no ASCII are the message's own.
		e := event.Event{Kind: noteKind, Key: fmt.Sprint(s.last), Time: s.clock(), Body: noteBody{fmt.Sprintf("note %d\n\"ü\"", s.last)}}
		s.j.Submit(journal.Record{Origin: "draintest", Events: []event.Event{e}}, func(_ journal.Result, err error) { done <- err })
	}
	for range n {
		if err := <-done; err != nil {
			s.Fatal(err)
		}
	}
}

// messages are those of the journal, from first to last.
func (s *site) messages(first, last int64) [][]byte {
	s.Helper()
	var list [][]byte
	for at := first - 1; at < last; {
		batch, err := s.j.After(context.Background(), at, 0)
		if err != nil || len(batch) == 0 {
			s.Fatalf("reading the journal after %d: %d messages, %v", at, len(batch), err)
		}
		for _, m := range batch {
			if at = m.Seq; at <= last {
				list = append(list, m.Wire)
			}
		}
	}
	return list
}

// A running loop.
type running struct {
	s      *site
	d      *drain.Drain
	cancel context.CancelFunc
	done   chan error
}

// start runs a loop with a new sink; with changes what it is made of.
func (s *site) start(with ...func(*drain.Drain)) *running {
	s.Helper()
	d := s.far.Drain()
	d.Store, d.Name = s.j, sink
	d.Log = slog.New(slog.NewTextHandler(s.Output(), nil))
	for _, w := range with {
		w(d)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{s: s, d: d, cancel: cancel, done: make(chan error, 1)}
	go func() { r.done <- d.Run(ctx) }()
	s.Cleanup(func() { r.stop() })
	return r
}

// stop ends the loop.
func (r *running) stop() {
	r.s.Helper()
	if r.cancel == nil {
		return
	}
	r.cancel()
	r.cancel = nil
	select {
	case err := <-r.done:
		if err != nil {
			r.s.Errorf("Run ends with %v", err)
		}
	case <-time.After(r.s.far.endsIn):
		buf := make([]byte, 1<<20)
		r.s.Fatalf("Run does not end:\n%s", buf[:runtime.Stack(buf, true)])
	}
}

// eventually waits until is says so.
func (s *site) eventually(what string, is func() bool) {
	s.Helper()
	for end := time.Now().Add(s.far.patience); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			s.Fatalf("in vain: %s; %d messages have come", what, len(s.far.Got()))
		}
	}
}

// acked waits until the far side is known to have everything up to seq.
func (r *running) acked(seq int64) {
	r.s.Helper()
	r.s.eventually(fmt.Sprintf("%d is acknowledged", seq), func() bool { return r.d.Status().Cursor >= seq })
}

// expect holds what came against what should have: in order, each whole, without
// a hole. Repeats may begin again with any message that has come; their number is
// returned.
func (s *site) expect(want [][]byte) (repeated int) {
	s.Helper()
	index := map[string]int{}
	for i, m := range want {
		index[string(m)] = i
	}
	seen, whole, wrong := -1, false, error(nil)
	s.eventually("everything comes", func() bool {
		got := s.far.Got()
		if len(got) != seen {
			seen = len(got)
			repeated, whole, wrong = judge(got, index)
		}
		return whole || wrong != nil
	})
	if wrong != nil {
		s.Fatal(wrong)
	}
	return repeated
}

// judge looks at what came so far of the messages of index: how many came again,
// and whether all are there, the last of them last.
func judge(got [][]byte, index map[string]int) (repeated int, whole bool, err error) {
	had, at := 0, -1 // the highest, and the one before
	for _, m := range got {
		i, known := index[string(m)]
		switch {
		case !known:
			return 0, false, fmt.Errorf("something came that is none of the messages, or not the same: %.300q", m)
		case i > had || i > at+1:
			return 0, false, fmt.Errorf("after message %d of %d came message %d: lost, or out of order", at+1, len(index), i+1)
		case i < had:
			repeated++
		}
		at, had = i, max(had, i+1)
	}
	return repeated, had == len(index) && at == had-1, nil
}
