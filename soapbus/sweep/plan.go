package sweep

import (
	"context"
	"maps"
	"slices"
	"time"
)

// begin plans a round.
func (s *Sweep) begin() {
	s.begun = s.o.Now()
	s.plan = nil
	for _, user := range s.o.Users {
		s.plan = append(s.plan, func(ctx context.Context) error { return s.usertags(ctx, user) })
	}
	s.plan = append(s.plan, s.newest)
	for _, l := range s.o.Watch.listings() {
		s.plan = append(s.plan, func(ctx context.Context) error { return s.listing(ctx, l) })
	}
	s.plan = append(s.plan, func(context.Context) error { s.choose(); return nil })
}

// ended records that a round is over.
func (s *Sweep) ended() {
	now := s.o.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.Rounds++
	s.stats.Last, s.stats.Took = now, now.Sub(s.begun)
}

// choose plans which bugs are asked: those that are due for a reason of their
// own, those that changed lately, and a share of the others.
func (s *Sweep) choose() {
	now := s.o.Now()
	if s.o.Import {
		s.share(now, nil)
		return
	}
	chosen := map[int]bool{}
	for bug, d := range s.due {
		if !d.not.After(now) {
			chosen[bug] = true
		}
	}
	s.mu.Lock()
	for bug := range s.hints {
		chosen[bug] = true
	}
	clear(s.hints)
	since := now.Add(-s.o.Recent).Unix()
	for bug, at := range s.hot {
		if at < since {
			delete(s.hot, bug)
		} else {
			chosen[bug] = true
		}
	}
	s.stats.Hot = int64(len(s.hot))
	s.mu.Unlock()
	s.batches(slices.Sorted(maps.Keys(chosen)), nil)
	if s.o.Watch.everything() && !s.pos.Based {
		return // the baseline goes on between the rounds
	}
	s.share(now, chosen)
}

// share plans the next part of the sweep over all bugs, downwards, as large as
// the time since the last part asks for; not those that are asked anyway.
func (s *Sweep) share(now time.Time, chosen map[int]bool) {
	all := s.size()
	count := all
	if s.pos.Swept > 0 && !s.o.Import && s.o.Full > s.o.Interval {
		part := float64(now.Unix()-s.pos.Swept) / s.o.Full.Seconds()
		count = min(all, max(int(part*float64(all)), s.batch))
	}
	cursor := s.pos.Cursor
	for count > 0 {
		bugs := s.below(cursor, min(count, s.batch))
		if len(bugs) == 0 {
			if all = 0; cursor > s.top() {
				break // there is nothing at all
			}
			cursor = s.top() + 1
			continue
		}
		count -= len(bugs)
		cursor = bugs[len(bugs)-1]
		bugs = slices.DeleteFunc(bugs, func(b int) bool { return chosen[b] })
		s.batches(bugs, nil)
		s.plan = append(s.plan, func(context.Context) error { s.pos.Cursor = cursor; return nil })
	}
	s.plan = append(s.plan, func(context.Context) error { s.pos.Swept = now.Unix(); return nil })
}

// size is how many numbers a whole sweep asks for.
func (s *Sweep) size() int {
	if s.o.Watch.everything() {
		return max(0, s.pos.High-s.o.First+1)
	}
	return len(s.list)
}

// top is the highest number of the sweep.
func (s *Sweep) top() int {
	switch {
	case s.o.Watch.everything():
		return s.pos.High
	case len(s.list) > 0:
		return s.list[len(s.list)-1]
	}
	return 0
}

// below gives at most n numbers under one, from above.
func (s *Sweep) below(cursor, n int) []int {
	var bugs []int
	if s.o.Watch.everything() {
		for b := min(cursor-1, s.pos.High); b >= s.o.First && len(bugs) < n; b-- {
			bugs = append(bugs, b)
		}
		return bugs
	}
	i, _ := slices.BinarySearch(s.list, cursor)
	for i--; i >= 0 && len(bugs) < n; i-- {
		bugs = append(bugs, s.list[i])
	}
	return bugs
}

// batches plans questions for bugs; after is called when all are answered.
func (s *Sweep) batches(bugs []int, after func()) {
	for len(bugs) > 0 {
		part := bugs[:min(len(bugs), s.batch)]
		bugs = bugs[len(part):]
		last := len(bugs) == 0
		s.plan = append(s.plan, func(ctx context.Context) error {
			if err := s.ask(ctx, part); err != nil {
				return err
			}
			if last && after != nil {
				after()
			}
			return nil
		})
	}
}

// baseline asks for bugs that were there before us, and records them. It
// goes upwards, which fills the journal's pages best.
func (s *Sweep) baseline(ctx context.Context) error {
	var bugs []int
	for b := max(s.pos.Cursor, s.o.First); b <= s.pos.Base && len(bugs) < s.batch; b++ {
		bugs = append(bugs, b)
	}
	if len(bugs) > 0 {
		if err := s.ask(ctx, bugs); err != nil {
			return err
		}
		s.pos.Cursor = bugs[len(bugs)-1] + 1
	}
	if s.pos.Cursor > s.pos.Base {
		s.pos.Based, s.pos.Cursor, s.pos.Swept = true, s.pos.High+1, s.o.Now().Unix()
		s.log.Info("baseline complete: changes are published from now on", "bugs", s.Stats().Known)
	}
	return nil
}
