package draintest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"busbar/common/drain"
	"busbar/common/journal"
)

// everything: what waits and what comes, over restarts, once each; and no start
// leaves anything running.
func everything(s *site) {
	s.write(600)
	r := s.start()
	s.write(400)
	r.acked(1000)
	r.stop()
	if n := s.expect(s.messages(1, 1000)); n != 0 {
		s.Errorf("%d of 1000 came twice, and nothing was wrong", n)
	}
	running := runtime.NumGoroutine()
	for i := range int64(5) {
		s.write(10)
		r := s.start()
		r.acked(1010 + 10*i)
		r.stop()
	}
	if n := s.expect(s.messages(1, 1050)); n != 0 {
		s.Errorf("%d of 1050 came twice after orderly restarts", n)
	}
	defer func() {
		if s.Failed() {
			buf := make([]byte, 1<<20)
			s.Logf("%d goroutines ran before, now %d:\n%s", running, runtime.NumGoroutine(), buf[:runtime.Stack(buf, true)])
		}
	}()
	s.eventually("what five starts began has ended", func() bool { return runtime.NumGoroutine() <= running+4+5*s.far.Leaks })
}

// slow: a far side that takes nothing for a while costs no memory, and the journal
// goes on.
func slow(s *site) {
	g := newGate()
	f := &faulty{send: func(ctx context.Context, c *faultyConn, batch []journal.Message) error {
		if err := g.wait(ctx); err != nil {
			return err
		}
		return c.Conn.Send(ctx, batch)
	}}
	s.write(10)
	r := s.start(f.with)
	s.eventually("something is handed over", func() bool { return f.out.Load() > 0 })
	s.write(3000)
	if n := f.out.Load(); n > 256 {
		s.Errorf("%d messages are out while the first is not taken", n)
	}
	g.lift()
	r.acked(3010)
	if n := s.expect(s.messages(1, 3010)); n != 0 {
		s.Errorf("%d came twice", n)
	}
}

// unanswered is how many messages may be out without an answer: the window, and a
// batch.
const unanswered = 1024 + 256

// stalled: what a sink takes in while its far side takes nothing is bounded.
func stalled(s *site) {
	goOn := sync.OnceFunc(s.far.Stall())
	defer goOn()
	var f faulty
	s.write(2 * unanswered)
	r := s.start(f.with)
	s.eventually("something is handed over", func() bool { return f.out.Load() > 0 })
	s.write(unanswered)
	if n := f.out.Load() - r.d.Status().Cursor; n > unanswered {
		s.Errorf("%d messages are out while the far side takes nothing", n)
	}
	goOn()
	r.acked(3 * unanswered)
	if n := s.expect(s.messages(1, 3*unanswered)); n != 0 {
		s.Errorf("%d came twice, and the far side was slow alone", n)
	}
}

// A forgetful store loses each cursor, as a kill does before it is stored.
type forgetful struct{ drain.Store }

func (forgetful) SetCursor(context.Context, string, int64) error { return nil }

// killed: what was handed over and whose acknowledgement is not stored comes again,
// all of it and nothing else.
func killed(s *site) {
	s.write(300)
	for range 3 {
		r := s.start(func(d *drain.Drain) { d.Store = forgetful{d.Store} })
		r.acked(300)
		r.stop()
	}
	r := s.start()
	r.acked(300)
	again := 900
	if s.far.Once {
		again = 0
	}
	if n := s.expect(s.messages(1, 300)); n != again {
		s.Errorf("%d messages came again after three kills, not %d", n, again)
	}
	r.stop()
	// And at any moment.
	for range 8 {
		s.write(200)
		seen := len(s.far.Got())
		r := s.start(func(d *drain.Drain) { d.Store = forgetful{d.Store} })
		s.eventually("something comes", func() bool { return len(s.far.Got()) > seen })
		r.stop()
	}
	s.start().acked(1900)
	if n := s.expect(s.messages(1, 1900)); s.far.Once && n != 0 {
		s.Errorf("%d messages came again, and the sink finds out what is there", n)
	}
}

// halfWay: a batch of which a part was taken is handed over again, from the first
// message without an acknowledgement on.
func halfWay(s *site) {
	var cuts atomic.Int64
	f := &faulty{send: func(ctx context.Context, c *faultyConn, batch []journal.Message) error {
		if len(batch) < 2 || cuts.Add(1) > 4 {
			return c.Conn.Send(ctx, batch)
		}
		if err := c.Conn.Send(ctx, batch[:len(batch)/2]); err != nil {
			return err
		}
		return errCut
	}}
	s.write(500)
	r := s.start(f.with)
	r.acked(500)
	n := s.expect(s.messages(1, 500))
	if max := f.out.Load() - 500; int64(n) > max {
		s.Errorf("%d came again of %d that were handed over again", n, max)
	}
	if st := r.d.Status(); st.Err != nil || st.LastError == nil || !strings.Contains(st.LastError.Error(), errCut.Error()) || st.Failures != 4 {
		s.Errorf("after four cuts: %+v", st)
	}
}

var errForm = errors.New("the form is wrong")

// missed is what the journal says that the sink missed.
func (s *site) missed() []journal.Missed {
	s.Helper()
	list, err := s.j.Missed(context.Background(), sink)
	if err != nil {
		s.Fatal(err)
	}
	return list
}

func (s *site) without(first, last int64, gone ...int64) [][]byte {
	var want [][]byte
	for i, m := range s.messages(first, last) {
		if !slices.Contains(gone, first+int64(i)) {
			want = append(want, m)
		}
	}
	return want
}

// refused: what the far side never takes holds up nobody, and is named.
func refused(s *site) {
	f := &faulty{send: func(ctx context.Context, c *faultyConn, batch []journal.Message) error {
		for _, m := range batch {
			var err error
			if m.Seq == 7 || m.Seq == 100 {
				err = c.link.Refuse(m.Seq, errForm)
			} else {
				err = c.Conn.Send(ctx, []journal.Message{m})
			}
			if err != nil {
				return err
			}
		}
		return nil
	}}
	s.write(100)
	r := s.start(f.with)
	r.acked(100)
	s.expect(s.without(1, 100, 7, 100))
	s.refusals(7, 100)
}

// refusals are the messages that are missed.
func (s *site) refusals(seqs ...int64) {
	s.Helper()
	list := s.missed()
	ok := len(list) == len(seqs)
	for i := range list {
		ok = ok && list[i].First == seqs[i] && list[i].Last == seqs[i] && strings.Contains(list[i].Reason, errForm.Error())
	}
	if !ok {
		s.Errorf("missed are %+v, not %v", list, seqs)
	}
}

// refusedUnnamed: the same where the far side says only that it does not take the
// batch.
func refusedUnnamed(s *site) {
	f := &faulty{send: func(ctx context.Context, c *faultyConn, batch []journal.Message) error {
		for _, m := range batch {
			if m.Seq == 7 {
				return fmt.Errorf("one of %d: %w: %w", len(batch), drain.ErrRefused, errForm)
			}
		}
		return c.Conn.Send(ctx, batch)
	}}
	s.write(12)
	r := s.start(f.with)
	r.acked(12)
	s.write(50)
	r.acked(62)
	if n := s.expect(s.without(1, 62, 7)); n != 0 {
		s.Errorf("%d came twice", n)
	}
	s.refusals(7)
	if st := r.d.Status(); st.LastError != nil {
		s.Errorf("a refusal is no error, but %v", st.LastError)
	}
}

// allRefused: a far side that takes nothing at all is at fault itself: it keeps its
// cursor; and what was put aside before that comes with the next start.
func allRefused(s *site) {
	var mended atomic.Bool
	f := &faulty{send: func(ctx context.Context, c *faultyConn, batch []journal.Message) error {
		if !mended.Load() {
			return fmt.Errorf("%w: %w", drain.ErrRefused, errForm)
		}
		return c.Conn.Send(ctx, batch)
	}}
	s.write(30)
	r := s.start(f.with)
	s.eventually("it is an error", func() bool {
		err := r.d.Err()
		return err != nil && strings.Contains(err.Error(), "in a row")
	})
	aside := r.d.Status().Cursor
	if aside < 1 || aside > 30 {
		s.Errorf("%d messages were put aside", aside)
	}
	mended.Store(true)
	r.acked(30)
	s.expect(s.messages(aside+1, 30))
	r.stop()
	s.write(1)
	r = s.start()
	r.acked(31)
	if list := s.missed(); len(list) != 0 {
		s.Errorf("missed are still %+v", list)
	}
	want := append(s.messages(aside+1, 30), s.messages(1, aside)...)
	want = append(want, s.messages(31, 31)...)
	s.expect(want)
}

// endIdle: the end comes at once where nothing is to do.
func endIdle(s *site) {
	r := s.start()
	r.stop()
	s.write(3)
	r = s.start()
	r.acked(3)
	r.stop()
	s.expect(s.messages(1, 3))
}

// endWaiting: the end comes while the far side takes nothing, and while the next
// try is waited for; a context that has ended is noticed.
func endWaiting(s *site) {
	for what, send := range map[string]func(context.Context, *faultyConn, []journal.Message) error{
		"nothing is taken": func(ctx context.Context, _ *faultyConn, _ []journal.Message) error {
			<-ctx.Done()
			return ctx.Err()
		},
		"the next try is far": func(context.Context, *faultyConn, []journal.Message) error { return errCut },
		"the context has ended": func(ctx context.Context, c *faultyConn, batch []journal.Message) error {
			ended, cancel := context.WithCancel(ctx)
			cancel()
			return errors.Join(c.Conn.Send(ended, batch), errCut)
		},
	} {
		s.write(20) // what a sink took before its end it may have acknowledged
		f := &faulty{send: send}
		r := s.start(f.with)
		s.eventually(what, func() bool { return f.out.Load() >= 20 })
		r.stop()
	}
	r := s.start()
	r.acked(60)
	s.expect(s.messages(1, 60))
}

// silent: a far side that never answers is an error, and is opened again.
func silent(s *site) {
	var mended atomic.Bool
	f := &faulty{send: func(ctx context.Context, c *faultyConn, batch []journal.Message) error {
		if !mended.Load() {
			return nil
		}
		return c.Conn.Send(ctx, batch)
	}}
	s.write(10)
	r := s.start(f.with, func(d *drain.Drain) { d.Patience = 5 * time.Second })
	s.eventually("it is an error", func() bool {
		err := r.d.Err()
		return err != nil && strings.Contains(err.Error(), "nothing was acknowledged")
	})
	mended.Store(true)
	r.acked(10)
	s.expect(s.messages(1, 10))
}

// cursorLast: the cursor stands where the acknowledgements do, also on disk.
func cursorLast(s *site) {
	g := newGate()
	var once sync.Once
	f := &faulty{send: func(ctx context.Context, c *faultyConn, batch []journal.Message) (err error) {
		once.Do(func() {
			if err = c.Conn.Send(ctx, batch[:10]); err == nil {
				batch, err = batch[10:], g.wait(ctx)
			}
		})
		if err != nil {
			return err
		}
		return c.Conn.Send(ctx, batch)
	}}
	s.write(100)
	r := s.start(f.with)
	s.eventually("ten come", func() bool { return len(s.far.Got()) == 10 })
	for range 50 {
		s.j.Append(context.Background(), journal.Record{Skip: "it stores the cursor"})
		stored, err := s.j.Reader().Cursors(context.Background())
		if at := r.d.Status().Cursor; err != nil || at > 10 || stored[sink] > 10 {
			s.Fatalf("ten came; the cursor is at %d, on disk at %d (%v)", at, stored[sink], err)
		}
	}
	g.lift()
	r.acked(100)
	s.expect(s.messages(1, 100))
	r.stop()
	s.open()
	if stored, err := s.j.Reader().Cursors(context.Background()); err != nil || stored[sink] != 100 {
		s.Errorf("on disk the cursor is at %d (%v)", stored[sink], err)
	}
}

// overtaken: a sink that was taken out for long finds messages gone. It is told
// which, and goes on with those that there are.
func overtaken(s *site) {
	s.write(10)
	r := s.start()
	r.acked(10)
	r.stop()
	s.write(20)
	s.open() // another run, without the sink
	s.later(30 * 24 * time.Hour)
	if p, err := s.j.Prune(context.Background()); err != nil || p.Messages != 29 {
		s.Fatalf("pruning: %+v, %v", p, err)
	}
	s.write(5)
	r = s.start()
	r.acked(35)
	s.expect(append(append([][]byte{}, s.far.Got()[:10]...), s.messages(30, 35)...))
	if list := s.missed(); len(list) != 1 || list[0].First != 11 || list[0].Last != 29 || !strings.Contains(list[0].Reason, "retention") {
		s.Errorf("missed are %+v", list)
	}
}

// beginsNow: a new sink that wants no history gets none, also over a restart.
func beginsNow(s *site) {
	s.write(10)
	now := func(d *drain.Drain) { d.Begin = journal.FromNow }
	r := s.start(now)
	s.eventually("it begins", func() bool {
		c, err := s.j.Reader().Cursors(context.Background())
		return err == nil && c[sink] == 10
	})
	r.stop()
	s.write(10)
	s.start(now).acked(20)
	s.expect(s.messages(11, 20))
}
