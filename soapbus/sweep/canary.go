package sweep

import (
	"context"
	"errors"
	"fmt"

	"busbar/adapters/debbugs"
	"busbar/common/translate"
	"busbar/soapbus/tracker"
)

// A Canary is the state of one bug as the tracker gives it, asked for to see that it
// answers: the value of its item. It is never a fact.
type Canary struct {
	Token  string          `json:"token"`
	Bug    int             `json:"bug"`
	Status *debbugs.Status `json:"status"` // nil: the tracker does not know the bug, or cannot say
}

// Ask has the state of a bug handed out as a Canary, in its turn: it waits for the
// question that is being asked, and not for the round. A newer call replaces one that
// was not answered yet.
func (s *Sweep) Ask(bug int, token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.canary = &Canary{Token: token, Bug: bug}
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// asked is the canary that waits, or nil.
func (s *Sweep) asked() *Canary {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.wake:
	default:
	}
	return s.canary
}

// answer asks for a canary, and makes it ready.
func (s *Sweep) answer(ctx context.Context, c *Canary) error {
	all, err := s.o.Tracker.Status(ctx, []int{c.Bug})
	if _, broken := errors.AsType[*tracker.BrokenError](err); err != nil && !broken {
		return err
	}
	answered := *c
	if status, ok := all[c.Bug]; ok {
		answered.Status = &status
	}
	s.mu.Lock()
	if s.canary == c {
		s.canary = nil
	}
	s.mu.Unlock()
	s.Add(translate.Item[any]{Origin: fmt.Sprintf("bug %d, asked for to see that the tracker answers", c.Bug), Value: answered}, nil)
	return nil
}
