package sweep

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"busbar/adapters/debbugs"
	"busbar/common/event"
	"busbar/common/journal"
	"busbar/common/rounds"
	"busbar/common/translate"
	"busbar/soapbus/tracker"
)

// Options say what is polled, and how.
type Options struct {
	Tracker *tracker.Client
	Journal *journal.Journal
	Source  string   // names the tracker in the journal
	Watch   Watch    // which bugs; the zero value: every one
	Users   []string // whose usertags are published
	First   int      // the tracker's lowest number [1]

	Interval time.Duration // between the beginnings of two rounds [5m]
	Full     time.Duration // in which every bug is asked once [48h]
	Recent   time.Duration // how long a bug that changed is asked in each round [72h]
	Grace    time.Duration // how long mail has to report a change first [0]
	Patience time.Duration // the same, where others' messages are followed [0: they are not]
	// Received is closed when what others said while this program was away is known. The
	// first question waits for it, for as long as mail has. Nil: there is nothing to wait for.
	Received <-chan struct{}
	Backoff  time.Duration // after the first failure; doubles, to 15 minutes [10s]

	Once   bool // one round, then io.EOF
	Import bool // publish the present state of every bug once; then io.EOF
	Log    *slog.Logger
	Now    func() time.Time // nil: time.Now
}

// A Sweep is a channel of what changed in a tracker. It is for one reader.
type Sweep struct {
	rounds.Rounds
	o   Options
	log *slog.Logger

	loaded bool
	pos    position // where the round stands
	stored position // as the journal has it
	list   []int    // with a watch list: the bugs that are watched, in order
	plan   []task   // what is left of the round
	found  []found  // bugs that differ, to be published
	begun  time.Time
	batch  int            // bugs in one question
	due    map[int]due    // asked in each round until they are clear
	faulty map[int]int    // how often the log of a bug that is not known could not be read
	gone   map[string]int // how often all tags of a user were missing
	absent map[int]bool   // bugs that are missing, with many others
	empty  int            // how often the tracker had no bug at all, at first
	fell   fall           // the newest numbers, where they are lower than they were
	fresh  []int          // the newest numbers: bugs that should be there
	later  error          // an error, returned after what is ready
	failed int            // in a row
	hold   time.Time      // nothing is asked before

	mu    sync.Mutex
	open  map[int64]func() // handed out and not yet durable: how to find it again
	next  int64
	hot   map[int]int64 // bugs that changed lately, and when
	hints map[int]bool
	stats Stats

	saying   sync.Mutex // of what others say; never taken while mu is
	lastSaid int64
	anySaid  atomic.Bool
	tagSince map[string]time.Time // when a usertag was first seen to differ

	canary *Canary       // to be asked for; nil: none is
	wake   chan struct{} // holds something while one is

	doubts map[string]string // by what they are about
}

// A task is one question, or little more. What failed is tried again.
type task func(context.Context) error

// A found is a bug that differs from what was published.
type found struct {
	bug    int
	status *debbugs.Status // nil: it is gone
	moves  int             // how often it changed while its news was read
	note   bool            // it was there before us: it is recorded, with its log
	said   int64           // up to which saying the state is compared
}

// Open prepares a sweep. The tracker is asked at the first Next.
func Open(o Options) *Sweep {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	o.First = max(o.First, 1)
	for _, d := range []struct {
		at  *time.Duration
		set time.Duration
	}{{&o.Interval, 5 * time.Minute}, {&o.Full, 48 * time.Hour}, {&o.Recent, 72 * time.Hour}, {&o.Backoff, 10 * time.Second}} {
		if *d.at <= 0 {
			*d.at = d.set
		}
	}
	s := &Sweep{
		o: o, log: o.Log, batch: mostAsked, due: map[int]due{}, faulty: map[int]int{}, gone: map[string]int{},
		absent: map[int]bool{}, open: map[int64]func(){}, hot: map[int]int64{}, hints: map[int]bool{}, doubts: map[string]string{}, tagSince: map[string]time.Time{}, wake: make(chan struct{}, 1),
	}
	s.Poll, s.Reset, s.Position, s.Now = s.poll, s.reset, s.position, o.Now
	return s
}

// Hint says that something happened to a bug: the next round asks for it.
func (s *Sweep) Hint(bug int) {
	const most = 100_000
	s.mu.Lock()
	defer s.mu.Unlock()
	if bug > 0 && len(s.hints) < most {
		s.hints[bug] = true
	}
}

// poll asks a little, and makes ready what is new.
func (s *Sweep) poll(ctx context.Context) error {
	if err := s.later; err != nil {
		s.later = nil
		return err
	}
	if err := s.load(ctx); err != nil {
		return err
	}
	if err := s.catchUp(ctx); err != nil {
		return err
	}
	if err := s.patience(ctx); err != nil {
		return err
	}
	err := s.step(ctx)
	s.note()
	switch {
	case err == io.EOF, ctx.Err() != nil && err != nil:
		return err
	case err != nil:
		s.backOff(err)
		if errors.Is(err, io.EOF) { // a connection's, and not ours
			err = errors.New(err.Error())
		}
		if s.Ready() > 0 { // it is published first
			s.later, err = err, nil
		}
		return err
	}
	s.failed = 0
	return s.store(ctx)
}

// step is the next thing to do.
func (s *Sweep) step(ctx context.Context) error {
	if c := s.asked(); c != nil {
		return s.answer(ctx, c)
	}
	switch {
	case len(s.found) > 0:
		return s.nextNews(ctx)
	case len(s.plan) > 0:
		if err := s.plan[0](ctx); err != nil {
			return err
		}
		if s.plan = s.plan[1:]; len(s.plan) == 0 {
			s.ended()
		}
		return nil
	case !s.begun.IsZero() && !s.pos.Based && s.fell.rounds == 0 && s.o.Watch.everything() && !s.o.Import && (s.o.Once || s.o.Now().Sub(s.begun) < s.o.Interval):
		return s.baseline(ctx)
	case !s.begun.IsZero() && (s.o.Once || s.o.Import):
		return io.EOF
	}
	if err := s.wait(ctx); err != nil || s.asked() != nil {
		return err
	}
	s.begin()
	return nil
}

// wait lets the pause between two rounds pass. A canary ends it early.
func (s *Sweep) wait(ctx context.Context) error {
	if s.begun.IsZero() {
		return nil
	}
	return rounds.Wait(ctx, max(0, s.o.Interval-s.o.Now().Sub(s.begun)), s.wake)
}

// add makes an item ready. redo finds it again, should it not become durable;
// stored is called once it is.
func (s *Sweep) add(origin string, change any, states []event.State, redo, stored func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next++
	id := s.next
	s.open[id] = redo
	s.Add(translate.Item[any]{Origin: origin, Value: change, States: states}, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.open, id)
		if stored != nil {
			stored()
		}
	})
}

// reset finds again what was made ready and did not become durable.
func (s *Sweep) reset() {
	s.stored = position{High: -1} // it may not have come along
	s.mu.Lock()
	again := s.open
	s.open = map[int64]func(){}
	s.mu.Unlock()
	for _, id := range slices.Sorted(maps.Keys(again)) {
		again[id]()
	}
}
