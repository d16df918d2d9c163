package howto

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"busbar/common/event"
	"busbar/common/journal"
)

const (
	killed = 16 // times
	batch  = 30 // lines that are published between two kills, at most
	ahead  = 60 // lines that wait for the program, at most
	parts  = 3  // of the log that are kept though they were read
)

// kills kills the program with -9 again and again while a log grows and is rotated: the
// journal has each line once, in order.
func kills(t *testing.T, bin string) {
	s := newSite(t, bin)
	w := &writer{site: s}
	var wg sync.WaitGroup
	end := sync.OnceFunc(func() { w.ended.Store(true); wg.Wait() })
	defer end()
	wg.Go(w.run)
	for range killed {
		daemon := s.start()
		least := w.published.Load() + rand.Int64N(batch)
		s.wait("lines are published", func(ctx context.Context) bool { return s.last(ctx, w) >= least || w.failed.Load() != nil })
		if err := daemon.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = daemon.Wait() // it says that it was killed
	}
	end()
	if err := w.failed.Load(); err != nil {
		t.Fatal(*err)
	}
	daemon := s.start()
	s.wait("all lines are published", func(ctx context.Context) bool { return s.last(ctx, w) >= w.written })
	s.stop(daemon)

	lost, doubled := s.compare(w.written)
	t.Logf("%d kills, %d renamed, %d copied and truncated, %d lines: lost %d, doubled %d", killed, w.renamed, w.copied, w.written, lost, doubled)
	if lost > 0 || doubled > 0 {
		t.Errorf("lost %d, doubled %d", lost, doubled)
	}
	s.says(0, []string{"duplicates 0", "poison     0"}, "status")
	if out := run(t, s.dir, bin+"/bus", "verify", "--ca", s.dir+"/ca.crt", s.journal); !strings.Contains(out, fmt.Sprintf("numbers 1 to %d, signatures checked, 0 faults", w.written)) {
		t.Errorf("bus verify says: %s", out)
	}
}

// last is the number of the newest message.
func (s *site) last(ctx context.Context, w *writer) int64 {
	if s.reader == nil {
		r, err := journal.OpenReader(ctx, s.journal)
		if err != nil {
			return 0 // it is not made yet
		}
		s.reader = r
		s.t.Cleanup(func() { r.Close() })
	}
	if seq, err := s.reader.LastSeq(ctx); err == nil {
		w.published.Store(seq)
	}
	return w.published.Load()
}

// compare holds the journal to the lines that were written: how many it lacks, and has
// more than once. It fails where their order is another.
func (s *site) compare(lines int64) (lost, doubled int) {
	s.t.Helper()
	have, newest := map[int64]int{}, int64(0)
	err := s.reader.Each(s.t.Context(), 1, 1<<62, func(seq int64, _ string, wire []byte) bool {
		var body struct{ Pot int64 }
		_, e, err := event.ParseMessage(wire)
		if err != nil {
			s.t.Fatal(err)
		}
		text, err := e.BodyJSON()
		if err := errors.Join(err, json.Unmarshal(text, &body)); err != nil {
			s.t.Fatal(err)
		}
		if body.Pot < newest {
			s.t.Errorf("message %d has pot %d, behind pot %d", seq, body.Pot, newest)
		}
		newest = max(newest, body.Pot)
		have[body.Pot]++
		return true
	})
	if err != nil {
		s.t.Fatal(err)
	}
	for n := int64(1); n <= lines; n++ {
		switch have[n] {
		case 0:
			lost++
		default:
			doubled += have[n] - 1
		}
	}
	return lost, doubled
}

// A writer is a service that logs, with its log rotation.
type writer struct {
	*site
	published       atomic.Int64 // as far as is known
	ended           atomic.Bool
	failed          atomic.Pointer[error]
	written         int64
	renamed, copied int
	old             []part
}

// A part is a file of older lines.
type part struct {
	name string
	last int64 // of its lines
}

func (w *writer) run() {
	for ; !w.ended.Load(); time.Sleep(time.Millisecond) {
		if w.written >= w.published.Load()+ahead {
			continue
		}
		if err := w.step(); err != nil {
			w.failed.Store(&err)
			return
		}
	}
}

// step writes a line, sometimes in two pieces, and sometimes rotates the log.
func (w *writer) step() error {
	w.written++
	line := fmt.Sprintf("2026-07-06T10:00:00Z pot %d: Earl Grey\n", w.written)
	cut := rand.IntN(len(line))
	if err := errors.Join(w.write(line[:cut]), w.write(line[cut:])); err != nil || rand.IntN(12) > 0 {
		return err
	}
	p := part{fmt.Sprintf("%s.%09d", w.log, w.written), w.written}
	w.old = append(w.old, p)
	for len(w.old) > parts && w.old[0].last <= w.published.Load() {
		if err := os.Remove(w.old[0].name); err != nil {
			return err
		}
		w.old = w.old[1:]
	}
	if rand.IntN(2) == 0 {
		w.renamed++
		return os.Rename(w.log, p.name)
	}
	w.copied++
	text, err := os.ReadFile(w.log)
	if err != nil {
		return err
	}
	return errors.Join(os.WriteFile(p.name, text, 0o600), os.Truncate(w.log, 0))
}
