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
	results chan outbox.Result
	secret  []byte // signs where bounces go

	mu       sync.Mutex
	err      error // why nothing can be sent now
	since    time.Time
	failures int // in a row
}

func newSender(way string, d dest.Destination, out *outbox.Outbox, secret []byte, giveUp time.Duration, log *slog.Logger) *sender {
	return &sender{way: way, d: d, out: out, secret: secret, giveUp: giveUp, log: log, wake: make(chan struct{}, 1), busy: map[string]bool{}, results: make(chan outbox.Result, 64)}
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
	var rest time.Time // nothing is tried before
	for {
		now := time.Now()
		wait := look
		if !now.Before(rest) && len(s.busy) < lanes && ctx.Err() == nil {
			list, err := s.out.Claim(ctx, s.way, now, lanes-len(s.busy), s.busy)
			if err != nil {
				if ctx.Err() == nil {
					rest = now.Add(backoff.Spread(sendAgain.First))
					s.failed(err)
				}
			}
			for _, w := range list {
				s.busy[w.Note.To] = true
				go s.send(sending, w)
			}
			if len(list) == 0 && err == nil {
				if next, err := s.out.Next(ctx, s.way); err == nil && !next.IsZero() {
					wait = min(wait, max(next.Sub(now), 50*time.Millisecond))
				}
			}
		}
		if rest.After(now) {
			wait = min(wait, rest.Sub(now))
		}
		if ctx.Err() != nil && len(s.busy) == 0 {
			return ctx.Err()
		}
		timer := time.NewTimer(wait)
		var got []outbox.Result
		done := ctx.Done()
		if ctx.Err() != nil {
			done = nil
		}
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
		if pause := s.store(sending, got); pause > 0 {
			rest = time.Now().Add(pause)
		}
	}
}

// send hands one over.
func (s *sender) send(ctx context.Context, w outbox.Waiting) {
	if w.Paused != "" {
		s.results <- outbox.Result{Waiting: w, Err: dest.Refused(pausedError(w.Paused))}
		return
	}
	limit := s.d.Traits().Patience
	if limit == 0 {
		limit = sendPatience
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	w.Note.Bounce = outbox.BounceOf(s.secret, w.Note.ID)
	s.results <- outbox.Result{Waiting: w, Err: s.d.Send(ctx, w.Note)}
}

type pausedError string

func (e pausedError) Error() string {
	return "its address is paused, since it refused: " + string(e)
}

// store stores results, and says for how long the destination is left alone.
func (s *sender) store(ctx context.Context, list []outbox.Result) (pause time.Duration) {
	if len(list) == 0 {
		return 0
	}
	for failures := 1; failures <= 10; failures++ {
		err := s.out.Finish(ctx, s.way, time.Now(), s.giveUp, list)
		if err == nil || ctx.Err() != nil { // then they are taken for unsure at the next start
			break
		}
		s.log.Warn("what was sent cannot be stored; trying again", "destination", s.way, "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(backoff.Spread(writeAgain.After(failures))):
		}
	}
	for _, r := range list {
		delete(s.busy, r.Note.To)
		f := dest.FateOf(r.Err)
		switch {
		case r.Err == nil:
			s.well()
		case f.Fate == dest.Retry:
			pause = max(pause, f.Wait, backoff.Spread(sendAgain.After(s.failed(r.Err))))
		default:
			s.log.Info("a note was not taken", "destination", s.way, "note", r.Note.ID, "person", r.Note.Person, "error", r.Err)
		}
	}
	return pause
}

func (s *sender) well() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		s.log.Info("notes are sent again", "destination", s.way)
	}
	s.err, s.failures = nil, 0
}

func (s *sender) failed(err error) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.since = time.Now()
		s.log.Warn("nothing can be sent; trying again", "destination", s.way, "error", err)
	}
	s.err = err
	s.failures++
	return s.failures
}

// state is why nothing can be sent, and since when; nil: it can.
func (s *sender) state() (error, time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err, s.since
}
