package trigger

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"busbar/bus/filter"
	"busbar/common/backoff"
	"busbar/common/child"
	"busbar/common/event"
	"busbar/common/exit"
	"busbar/common/programtest"
	"busbar/common/subscribe"
)

// message is one of a publisher.
func message(publisher string, n int64) *subscribe.Message {
	e := event.Envelope{
		Topic: "org.debian.dev.logger.log", MsgID: event.FormatID(time.Unix(0, 0), event.UUID(publisher, fmt.Sprint(n))),
		Publisher: publisher, Epoch: "e", Seq: n, Title: fmt.Sprintf("%s says %d", publisher, n), Msg: map[string]any{"n": n},
	}
	tree := e.Tree()
	body, err := event.Canonical(tree)
	if err != nil {
		panic(err)
	}
	return &subscribe.Message{Topic: e.Topic, Body: body, Tree: tree, Envelope: e, Endpoint: "tcp://127.0.0.1:1", Signer: "signer"}
}

// A script is a source that hands out what a test has, and then waits.
type script struct {
	mu       sync.Mutex
	messages []*subscribe.Message
	acked    map[*subscribe.Message]int
	order    []*subscribe.Message
	fails    int // so many acknowledgements
}

func (s *script) Next(ctx context.Context) (*subscribe.Message, error) {
	s.mu.Lock()
	if len(s.messages) > 0 {
		m := s.messages[0]
		s.messages = s.messages[1:]
		s.mu.Unlock()
		return m, nil
	}
	s.mu.Unlock()
	<-ctx.Done()
	return nil, ctx.Err()
}

func (s *script) Pending() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.messages)
}

func (s *script) Ack(_ context.Context, list ...*subscribe.Message) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fails > 0 && len(list) > 0 {
		s.fails--
		return errors.New("no room on the disk")
	}
	if s.acked == nil {
		s.acked = map[*subscribe.Message]int{}
	}
	for _, m := range list {
		s.acked[m]++
		s.order = append(s.order, m)
	}
	return nil
}

// of dispatches what messages say to run.
func of(s *script, run func(in *input, attempt int) error) *dispatcher {
	return &dispatcher{
		source: s, prefix: "org.debian", jobs: 1, attempts: 3, most: maxHeld, count: len(s.messages), log: slog.New(slog.DiscardHandler),
		pauses: backoff.Times{First: time.Millisecond, Most: 4 * time.Millisecond}, report: func(said) {},
		run: func(_ context.Context, in *input, attempt int) child.Result {
			return child.Result{Err: run(in, attempt)}
		},
	}
}

func (d *dispatcher) test(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), programtest.Patience)
	defer cancel()
	if err := d.serve(ctx, context.Background()); err != nil {
		t.Fatal(err)
	}
	if ctx.Err() != nil {
		t.Fatal("it never came to an end")
	}
}

// TestOrder: whatever fails and however many jobs there are, the events of each
// publisher are handled one after the other, in order, each until it is handled; and
// not more jobs run than may.
func TestOrder(t *testing.T) {
	for _, jobs := range []int{1, 3, 20} {
		s := &script{}
		var want []string
		for n := range int64(30) {
			for p := range 8 {
				s.messages = append(s.messages, message(fmt.Sprint("p", p), n+1))
			}
			want = append(want, fmt.Sprint(n+1))
		}
		all := slices.Clone(s.messages)
		var mu sync.Mutex
		running, most, done := map[string]bool{}, 0, map[string][]string{}
		d := of(s, func(in *input, attempt int) error {
			mu.Lock()
			if running[in.Publisher] {
				t.Errorf("two events of %s are in work", in.Publisher)
			}
			running[in.Publisher] = true
			most = max(most, len(running))
			mu.Unlock()
			time.Sleep(time.Duration(rand.IntN(200)) * time.Microsecond) // as a command takes its time
			mu.Lock()
			defer mu.Unlock()
			delete(running, in.Publisher)
			if rand.IntN(4) == 0 && attempt < 5 {
				return errors.New("failed")
			}
			done[in.Publisher] = append(done[in.Publisher], fmt.Sprint(in.Seq))
			return nil
		})
		d.jobs = jobs
		d.test(t)
		for p, got := range done {
			if !slices.Equal(got, want) {
				t.Errorf("%d jobs: %s is handled as %v", jobs, p, got)
			}
		}
		if len(done) != 8 || most > jobs || jobs > 1 && most < 2 {
			t.Errorf("%d jobs: %d publishers, %d at once", jobs, len(done), most)
		}
		for _, m := range all {
			if s.acked[m] != 1 {
				t.Errorf("a message is acknowledged %d times", s.acked[m])
			}
		}
	}
}

// TestAFailureHoldsUpItsPublisherAlone: with one job, too.
func TestAFailureHoldsUpItsPublisherAlone(t *testing.T) {
	s := &script{messages: []*subscribe.Message{message("bad", 1), message("bad", 2), message("good", 1), message("good", 2)}}
	good, bad := 0, 0
	d := of(s, func(in *input, _ int) error { // one at a time
		switch {
		case in.Publisher == "good":
			good++
		case good < 2:
			return errors.New("not before the good ones")
		default:
			bad++
		}
		return nil
	})
	if d.test(t); good != 2 || bad != 2 {
		t.Errorf("%d of good, %d of bad", good, bad)
	}
}

// TestFilters: what is not wanted is passed over, and acknowledged; gaps are passed
// over unless they are asked for.
func TestFilters(t *testing.T) {
	for _, gaps := range []bool{false, true} {
		s := &script{}
		for n := range int64(250) {
			s.messages = append(s.messages, message("p", n+1))
		}
		gone := &subscribe.Message{Gap: &subscribe.Gap{Publisher: "p", Epoch: "e", From: 251, To: 260, Reason: subscribe.Retention}}
		wanted := message("p", 261)
		wanted.Envelope.Topic = "org.debian.dev.other"
		s.messages = append(s.messages, gone, wanted)
		all := slices.Clone(s.messages)
		var got []string
		d := of(s, func(in *input, _ int) error {
			text := fmt.Sprint(in.Seq)
			if in.gap != nil {
				text = fmt.Sprintf("%d to %d: %s", in.gap.First, in.gap.Last, in.gap.Reason)
			}
			got = append(got, text)
			return nil
		})
		d.takes, d.gaps, d.count = filter.Filter{Topic: []string{"other"}}, gaps, 1
		want := []string{"261"}
		if gaps {
			d.count, want = 2, []string{"251 to 260: retention", "261"}
		}
		d.test(t)
		if !slices.Equal(got, want) {
			t.Errorf("gaps %v: %q", gaps, got)
		}
		if len(s.acked) != len(all) || s.order[len(s.order)-1] != wanted && s.acked[wanted] != 1 {
			t.Errorf("gaps %v: %d of %d are acknowledged", gaps, len(s.acked), len(all))
		}
	}
}

// TestPosition: while the position cannot be written, nothing more is done for the
// publisher, and nothing twice.
func TestPosition(t *testing.T) {
	s := &script{messages: []*subscribe.Message{message("p", 1), message("p", 2)}, fails: 3}
	runs := map[int64]int{}
	d := of(s, func(in *input, _ int) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		if in.Seq == 2 && s.fails > 0 {
			t.Error("the second is in work while the first is not acknowledged")
		}
		runs[in.Seq]++
		return nil
	})
	if d.test(t); runs[1] != 1 || runs[2] != 1 || len(s.acked) != 2 {
		t.Errorf("runs %v, %d acknowledged", runs, len(s.acked))
	}
}

// TestBounded: no more waits than may.
func TestBounded(t *testing.T) {
	s := &script{}
	big := strings.Repeat("x", 50<<10)
	for n := range int64(8) {
		m := message("p", n+1)
		tree := m.Envelope.Tree()
		tree["msg"] = big
		var err error
		if m.Body, err = event.Canonical(tree); err != nil {
			t.Fatal(err)
		}
		s.messages = append(s.messages, m)
	}
	var d *dispatcher
	d = of(s, func(in *input, _ int) error {
		if in.Seq == 1 { // give the rest time to come: as much as may
			for end := time.Now().Add(programtest.Patience); !d.full() && time.Now().Before(end); time.Sleep(time.Millisecond) {
			}
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.held > d.most+60<<10 {
			t.Errorf("%d bytes wait", d.held)
		}
		return nil
	})
	d.most = 100 << 10
	d.test(t)
	if d.held != 0 || len(s.acked) != 8 {
		t.Errorf("%d bytes are held in the end, %d acknowledged", d.held, len(s.acked))
	}
}

// TestUnstarted: a command that cannot be started ends the program at once, unless it
// could be started before: then that may pass, and is no failure of the event.
func TestUnstarted(t *testing.T) {
	s := &script{messages: []*subscribe.Message{message("p", 1), message("p", 2)}}
	missing := child.Result{Err: fmt.Errorf("starting: %w", fs.ErrNotExist), Unstarted: true}
	d := of(s, nil)
	d.run = func(context.Context, *input, int) child.Result { return missing }
	err := d.serve(t.Context(), t.Context())
	if exit.Code(err, 0) != exit.Config || len(s.acked) > 0 {
		t.Errorf("it ends with %v, %d acknowledged", err, len(s.acked))
	}

	s = &script{messages: []*subscribe.Message{message("p", 1), message("p", 2)}}
	d, runs := of(s, nil), 0
	d.run = func(_ context.Context, in *input, attempt int) child.Result {
		runs++
		if attempt != 1 {
			t.Errorf("attempt %d", attempt)
		}
		if in.Seq == 2 && runs < 10 {
			return missing
		}
		return child.Result{}
	}
	d.poison = newPoison(t)
	if d.test(t); runs != 10 || len(s.acked) != 2 || len(files(t, d.poison.dir)) > 0 {
		t.Errorf("%d runs, %d acknowledged", runs, len(s.acked))
	}
}

// TestEnd: at the end commands may end, and what is not handled is not acknowledged.
func TestEnd(t *testing.T) {
	s := &script{messages: []*subscribe.Message{message("a", 1), message("a", 2), message("b", 1)}}
	all := slices.Clone(s.messages)
	ctx, end := context.WithCancel(t.Context())
	began := make(chan struct{})
	d := of(s, func(in *input, _ int) error {
		if in.Publisher == "b" {
			<-began
			end()
			return errors.New("failed")
		}
		if in.Seq == 2 { // it may begin while the end is on its way
			return errors.New("failed")
		}
		close(began)
		<-ctx.Done()
		return nil
	})
	d.jobs, d.count = 2, 0
	if err := d.serve(ctx, t.Context()); err != nil {
		t.Fatal(err)
	}
	if s.acked[all[0]] != 1 || len(s.acked) != 1 {
		t.Errorf("%d are acknowledged", len(s.acked))
	}
}

func newPoison(t *testing.T) *poison {
	t.Helper()
	p, err := openPoison(filepath.Join(t.TempDir(), "poison"))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// files are those of events that are kept in a folder.
func files(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		if !e.IsDir() {
			list = append(list, filepath.Join(dir, e.Name()))
		}
	}
	return list
}
