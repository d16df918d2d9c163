package sweep

import (
	"context"
	"errors"
	"time"

	"busbar/common/backoff"
	"busbar/soapbus/soap"
)

// Stats is what an operator wants to know of the polls.
type Stats struct {
	Rounds    int64
	Last      time.Time     // end of the last round
	Took      time.Duration // the last round
	Known     int64         // bugs that were recorded
	Hot       int64         // bugs that are asked in each round
	Published int64         // bugs and usertags with news, since the start
	High      int           // the highest number
	Based     bool          // every bug that there was has been recorded
	Cursor    int           // the sweep goes on below this number
	Waiting   int           // bugs with news that are to be published next
	Failed    int           // failures in a row
	Doubt     string        // what the tracker says and is not believed
}

// Stats describes the polls so far.
func (s *Sweep) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stats
}

// note keeps what Stats says of where the round stands.
func (s *Sweep) note() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.High, s.stats.Based, s.stats.Cursor = s.pos.High, s.pos.Based || !s.o.Watch.everything(), s.pos.Cursor
	s.stats.Waiting, s.stats.Failed = len(s.found), s.failed
}

// longestHold is how long nothing is asked at most after failures.
const longestHold = 15 * time.Minute

// backOff lets the next question wait: longer with each failure, and as long as
// the server asks for.
func (s *Sweep) backOff(err error) {
	s.failed++
	hold := backoff.Times{First: s.o.Backoff, Most: longestHold}.After(s.failed)
	if status, ok := errors.AsType[*soap.StatusError](err); ok {
		hold = max(hold, min(status.RetryAfter, 4*longestHold))
	}
	s.hold = s.o.Now().Add(hold)
}

// patience waits where the last questions failed. Who polls once tells the
// failure and ends.
func (s *Sweep) patience(ctx context.Context) error {
	left := s.hold.Sub(s.o.Now())
	if left <= 0 || s.o.Once {
		return nil
	}
	t := time.NewTimer(left)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
