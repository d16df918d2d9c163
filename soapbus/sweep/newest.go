package sweep

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
)

// newestAsked is how many of the newest numbers are asked for: the newest may
// be taken away again.
const newestAsked = 10

// mostFresh is how many bugs may have been reported while nobody asked: some
// years of Debian's. Beyond mostHoles, and at first, one of the newest numbers
// must be of a bug, and no other further away from it.
const (
	mostFresh = 200_000
	mostHoles = 1000
)

// A fall is how often in a row the newest numbers were lower than ever, and the
// highest of them when that began.
type fall struct{ rounds, highest int }

// newest finds how far the numbers go.
func (s *Sweep) newest(ctx context.Context) error {
	bugs, err := s.o.Tracker.Newest(ctx, newestAsked)
	if err != nil {
		return err
	}
	highest := 0
	for _, b := range bugs {
		highest = max(highest, b)
	}
	if s.pos.Begun && highest-s.pos.High > mostFresh && s.pos.High > 0 {
		return fmt.Errorf("asking for the newest bugs: the highest number leapt from %d to %d; that is not accepted (is it another tracker? then give it a journal of its own)", s.pos.High, highest)
	}
	if !s.pos.Begun || highest-s.pos.High > mostHoles {
		if err := s.vouched(ctx, bugs, highest); err != nil {
			return err
		}
	}
	s.fresh = bugs
	if !s.pos.Begun {
		s.pos.Begun = true
		s.pos.Base, s.pos.High, s.pos.Cursor = highest, highest, s.o.First
		s.pos.Based = highest < s.o.First
	}
	if err := s.fallen(ctx, bugs, highest); err != nil {
		return err
	}
	if !s.o.Watch.everything() || highest <= s.pos.High {
		return nil
	}
	var fresh []int
	for b := max(s.pos.High+1, s.o.First); b <= highest; b++ {
		fresh = append(fresh, b)
	}
	s.batches(fresh, func() { s.pos.High = highest })
	return nil
}

// vouched asks whether the newest numbers are those of bugs.
func (s *Sweep) vouched(ctx context.Context, bugs []int, highest int) error {
	if len(bugs) == 0 {
		if s.empty++; s.empty < missingPatience && !s.o.Once {
			return errors.New("asking for the newest bugs: the tracker has none; that is not accepted yet (is its index there?)")
		}
		return nil // it is new
	}
	if highest == s.o.First-1 {
		return nil // so is this
	}
	known, err := s.highestKnown(ctx, bugs)
	if err == nil && known == 0 { // all of them may have been spam
		var more []int
		for b := highest; b > max(highest-mostAsked, 0); b-- {
			more = append(more, b)
		}
		known, err = s.highestKnown(ctx, more)
	}
	switch {
	case err != nil:
		return err
	case known == 0 || highest-known > mostHoles:
		return fmt.Errorf("asking for the newest bugs: the highest number is said to be %d, but the tracker knows no such bug; that is not accepted", highest)
	}
	return nil
}

// highestKnown is the highest of some numbers that is a bug's, 0 if none is.
func (s *Sweep) highestKnown(ctx context.Context, bugs []int) (highest int, err error) {
	statuses, broken, err := s.statuses(ctx, bugs)
	if err != nil {
		return 0, err
	}
	for bug := range statuses {
		highest = max(highest, bug)
	}
	for bug := range broken {
		highest = max(highest, bug)
	}
	return highest, nil
}

// fallen goes back to lower numbers where the tracker has them in several rounds
// in a row, and knows none of the higher ones: those were never true, or are
// another tracker's. What was reported since that began is new.
func (s *Sweep) fallen(ctx context.Context, bugs []int, highest int) error {
	if highest >= s.pos.High || highest == 0 {
		s.fell = fall{}
		s.doubt("newest", nil)
		return nil
	}
	if s.fell.rounds == 0 {
		s.fell.highest = highest
	}
	s.fell.rounds++
	s.doubt("newest", fmt.Errorf("the tracker's highest number is %d, and was %d (is it another tracker? then give it a journal of its own)", highest, s.pos.High))
	if s.fell.rounds < missingPatience && !s.o.Once {
		return nil
	}
	if known, err := s.highestKnown(ctx, append(above(s.pos.High), bugs...)); err != nil || known == 0 || known > highest {
		return err
	}
	if top, err := s.topKnown(ctx); err != nil || top > highest {
		return err // it is not what it was, or another tracker
	}
	s.log.Warn("highest bug number lowered: the tracker's lower answer is confirmed", "highest", s.fell.highest, "was", s.pos.High)
	s.pos.Base, s.pos.High = min(s.pos.Base, s.fell.highest), s.fell.highest
	if s.pos.Based {
		s.pos.Cursor = min(s.pos.Cursor, s.pos.High+1)
	}
	s.fell = fall{}
	s.doubt("newest", nil)
	return nil
}

// topKnown is the highest bug that was recorded.
func (s *Sweep) topKnown(ctx context.Context) (top int, err error) {
	err = s.o.Journal.Reader().EachState(ctx, s.o.Source, func(key string, _ []byte) error {
		bug, err := strconv.Atoi(key)
		top = max(top, bug)
		return err
	})
	return top, err
}

// above is the numbers that end with one.
func above(high int) []int {
	var bugs []int
	for b := max(high-newestAsked+1, 1); b <= high; b++ {
		bugs = append(bugs, b)
	}
	return bugs
}

// unlikely leaves out the numbers that no bug can have yet.
func (s *Sweep) unlikely(bugs []int, of string) []int {
	most := max(s.pos.High, s.pos.Base) + mostHoles
	if n := len(s.fresh); n > 0 {
		most = max(most, slices.Max(s.fresh)+mostHoles)
	}
	likely := slices.DeleteFunc(slices.Clone(bugs), func(b int) bool { return b > most })
	if n := len(bugs) - len(likely); n > 0 {
		s.doubt(of, fmt.Errorf("the list of %s has %d numbers that no bug has yet, such as %d", of, n, slices.Max(bugs)))
	} else {
		s.doubt(of, nil)
	}
	return likely
}

// sameTags says whether two answers about a user's tags are one.
func sameTags(a, b map[string][]int) bool {
	if len(a) != len(b) {
		return false
	}
	for tag, bugs := range a {
		if other, there := b[tag]; !there || !slices.Equal(bugs, other) {
			return false
		}
	}
	return true
}
