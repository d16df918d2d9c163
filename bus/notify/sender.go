package notify

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"busbar/bus/notify/dest"
	"busbar/bus/notify/outbox"
	"busbar/common/backoff"
)

// A sender hands the notes of one destination over, and stores what became of each.
type sender struct {
	way    string
	d      dest.Destination
	out    *outbox.Outbox
	giveUp time.Duration
	log    *slog.Logger
	wake   chan struct{}

	busy    map[string]bool // addresses to which something is under way
	rest    time.Time       // nothing is tried before
	results chan result
	secret  []byte // signs where bounces go

	mu       sync.Mutex
	err      error // why nothing can be sent now
	since    time.Time
	failures int       // in a row
	last     time.Time // when they were counted
}

func newSender(way string, d dest.Destination, out *outbox.Outbox, secret []byte, giveUp time.Duration, log *slog.Logger) *sender {
	return &sender{way: way, d: d, out: out, secret: secret, giveUp: giveUp, log: log, wake: make(chan struct{}, 1), busy: map[string]bool{}, results: make(chan result, 64)}
}

// awake says that there is a new note.
func (s *sender) awake() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// sendAgain are the pauses of a destination that does not work.
var sendAgain = backoff.Times{First: time.Second, Most: 5 * time.Minute}

const (
	sendPatience = 30 * time.Second
	endPatience  = 10 * time.Second // for what is under way when the daemon ends
	look         = time.Minute      // for notes that other processes gave back
)

// run sends until ctx ends, and what is under way then.
func (s *sender) run(ctx context.Context) error {
	sending, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(endPatience, cancel) })
	defer stop()
	lanes := max(s.d.Traits().Parallel, 1)
	var got []result
	for {
		s.judge(got)
		now := time.Now()
		wait, free := look, 0
		if !now.Before(s.rest) && ctx.Err() == nil {
			free = lanes - len(s.busy)
		}
		if len(got) > 0 || free > 0 {
			list, err := s.turn(sending, got, free)
			switch next, nerr := s.next(ctx, now, free > len(list)); {
			case err != nil && ctx.Err() == nil:
				s.rest = now.Add(backoff.Spread(sendAgain.First))
				s.failed(now, err)
			case nerr == nil && !next.IsZero():
				wait = min(wait, max(next.Sub(now), 50*time.Millisecond))
			}
			for _, w := range list {
				s.busy[w.Note.To] = true
				go s.send(sending, w)
			}
		}
		if s.rest.After(now) {
			wait = min(wait, s.rest.Sub(now))
		}
		if ctx.Err() != nil && len(s.busy) == 0 {
			return ctx.Err()
		}
		timer := time.NewTimer(wait)
		done := ctx.Done()
		if ctx.Err() != nil {
			done = nil
		}
		got = got[:0]
		select {
		case r := <-s.results:
			got = append(got, r)
		case <-s.wake:
		case <-timer.C:
		case <-done:
		}
		timer.Stop()
		for len(s.results) > 0 {
			got = append(got, <-s.results)
		}
	}
}

// next is when the next note that waits for a time may be tried, where somebody is free to;
// of others, results tell.
func (s *sender) next(ctx context.Context, now time.Time, free bool) (time.Time, error) {
	if !free {
		return time.Time{}, nil
	}
	return s.out.Next(ctx, s.way, now)
}

// A result is what became of a note that was handed over from a time on.
type result struct {
	outbox.Result
	began time.Time
}

// send hands one over.
func (s *sender) send(ctx context.Context, w outbox.Waiting) {
	began := time.Now()
	if w.Paused != "" {
		s.results <- result{outbox.Result{Waiting: w, Err: dest.Refused(pausedError(w.Paused))}, began}
		return
	}
	limit := s.d.Traits().Patience
	if limit == 0 {
		limit = sendPatience
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	w.Note.Bounce = outbox.BounceOf(s.secret, w.Note.ID)
	s.results <- result{outbox.Result{Waiting: w, Err: s.d.Send(ctx, w.Note)}, began}
}

type pausedError string

func (e pausedError) Error() string {
	return "its address is paused, since it refused: " + string(e)
}

// turn stores results, and takes notes for those who are free.
func (s *sender) turn(ctx context.Context, got []result, free int) ([]outbox.Waiting, error) {
	t := outbox.Turn{Way: s.way, GiveUp: s.giveUp, Most: free, Busy: s.busy}
	for _, r := range got {
		t.Done = append(t.Done, r.Result)
	}
	for failures := 1; ; failures++ {
		t.Now = time.Now()
		list, err := s.out.Turn(ctx, t)
		if err == nil || ctx.Err() != nil || len(got) == 0 || failures == 10 { // what is not stored is taken for unsure at the next start
			return list, err
		}
		s.log.Warn("what was sent cannot be stored; trying again", "destination", s.way, "error", err)
		t.Most = 0 // it may be a note that cannot be read
		select {
		case <-ctx.Done():
		case <-time.After(backoff.Spread(writeAgain.After(failures))):
		}
	}
}

// judge frees the addresses of what was handed over, and leaves the destination alone for a
// while if it does not work.
func (s *sender) judge(got []result) {
	now := time.Now()
	for _, r := range got {
		delete(s.busy, r.Note.To)
		f := dest.FateOf(r.Err)
		switch {
		case r.Err == nil:
			s.well()
		case f.Fate == dest.Retry:
			pause := max(f.Wait, backoff.Spread(sendAgain.After(s.failed(r.began, r.Err))))
			if rest := now.Add(pause); rest.After(s.rest) {
				s.rest = rest
			}
		default:
			s.log.Info("a note was not taken", "destination", s.way, "note", r.Note.ID, "person", r.Note.Person, "error", r.Err)
		}
	}
}

func (s *sender) well() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		s.log.Info("notes are sent again", "destination", s.way)
	}
	s.err, s.failures = nil, 0
}

// failed takes note of what failed, and gives how often in a row that was: what was under
// way together failed once.
func (s *sender) failed(began time.Time, err error) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.since = time.Now()
		s.log.Warn("nothing can be sent; trying again", "destination", s.way, "error", err)
	}
	s.err = err
	if s.failures == 0 || !began.Before(s.last) {
		s.failures++
		s.last = time.Now()
	}
	return s.failures
}

// state is why nothing can be sent, and since when; nil: it can.
func (s *sender) state() (error, time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err, s.since
}
