package setup

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// A Step is one change of the machine. Say and Do must be set.
type Step struct {
	// Say is what the step does, as an order: "make the folder /etc/busbar".
	Say string
	// Done says whether nothing is left to do. An error says that the step cannot be
	// done, such as because a person's own file is in the way; nil: it is never done.
	Done func() (bool, error)
	// Do makes the change.
	Do func() error
	// Undo takes back what Do made, also where it was cut off; nil: nothing to take back.
	Undo func() error
}

// A Plan is steps in their order: each may rely on those before it.
type Plan []Step

// Pending are the steps that are not done. It fails where one cannot be done, before
// anything was changed.
func (p Plan) Pending() (Plan, error) {
	var left Plan
	var errs []error
	for _, s := range p {
		done, err := s.done()
		if err != nil {
			errs = append(errs, fmt.Errorf("to %s: %w", s.title(), err))
		}
		if !done {
			left = append(left, s)
		}
	}
	return left, errors.Join(errs...)
}

// Run makes what is not done, and returns how many steps that was. say is told each
// step before it is made. Where one fails, or ctx ends, what was made is taken back,
// the last first, and the error says so.
func (p Plan) Run(ctx context.Context, say func(string)) (made int, err error) {
	var begun Plan
	for _, s := range p {
		done, err := s.done()
		if err == nil && !done {
			if err = ctx.Err(); err == nil {
				say(s.Say)
				begun = append(begun, s)
				err = s.Do()
			}
		}
		if err != nil {
			return 0, begun.undo(fmt.Errorf("to %s: %w", s.title(), err), say)
		}
	}
	return len(begun), nil
}

// title is the first line of what the step says.
func (s Step) title() string {
	line, _, more := strings.Cut(s.Say, "\n")
	if more {
		return strings.TrimSuffix(line, ":")
	}
	return line
}

func (s Step) done() (bool, error) {
	if s.Done == nil {
		return false, nil
	}
	return s.Done()
}

// undo takes back what was made because of cause.
func (p Plan) undo(cause error, say func(string)) error {
	errs := []error{cause}
	for i := len(p) - 1; i >= 0; i-- {
		if p[i].Undo == nil {
			continue
		}
		say("take back: " + p[i].title())
		if err := p[i].Undo(); err != nil {
			errs = append(errs, fmt.Errorf("taking back (%s): %w", p[i].title(), err))
		}
	}
	return errors.Join(errs...)
}
