package sweep

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"busbar/adapters/debbugs"
	"busbar/common/event"
	"busbar/common/journal"
	"busbar/soapbus/soap"
	"busbar/soapbus/tracker"
)

// A due is why a bug is asked in each round.
type due struct {
	not   time.Time // before
	since time.Time // when it was held back first, for mail to report it
	tries int       // how often a new number was not there
}

// ask asks for some bugs and sorts them: what is as it was published, what was not
// there before us, what is to be published.
func (s *Sweep) ask(ctx context.Context, bugs []int) error {
	upTo := s.upToNow()
	statuses, broken, err := s.statuses(ctx, s.withWitnesses(bugs))
	if err != nil {
		return err
	}
	var quiet []event.State
	missing := map[int]*known{}
	present, fresh := 0, 0
	for _, bug := range bugs {
		if err := broken[bug]; err != nil {
			s.log.Warn("tracker fails for a bug; asking again", "bug", bug, "error", err)
			continue
		}
		k, err := s.known(ctx, bug)
		if err != nil {
			return err
		}
		st, there := statuses[bug]
		said, last, err := s.saidOf(ctx, bug, k, upTo)
		if err != nil {
			return err
		}
		switch {
		case !there && k == nil:
			s.hole(bug)
		case !there:
			missing[bug] = k
		case len(said) == 0 && !s.differs(bug, k, st):
		case s.takenBack(bug, k, st):
			quiet = append(quiet, s.state(bug, k))
		case k == nil && s.old(bug) && s.lately(st):
			s.found = append(s.found, found{bug: bug, status: &st, note: true})
		case k == nil && s.old(bug):
			quiet = append(quiet, s.state(bug, s.recorded(st)))
			delete(s.due, bug)
			fresh++
		case !s.held(bug, k, st, last):
			s.found = append(s.found, found{bug: bug, status: &st, said: upTo})
		}
		if there {
			delete(s.absent, bug)
		}
		if there && k != nil {
			present++
		}
	}
	absent, err := s.missing(missing, present, len(statuses) > 0)
	if err != nil {
		return err
	}
	return s.quietly(ctx, append(quiet, absent...), fresh)
}

// quietly records bugs without telling anything; fresh of them are new.
func (s *Sweep) quietly(ctx context.Context, quiet []event.State, fresh int) error {
	if len(quiet) == 0 {
		return nil
	}
	if _, err := s.o.Journal.Append(ctx, journal.Record{States: quiet}); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.Known += int64(fresh)
	return nil
}

// differs says whether anything is to be published, or kept, of a bug.
func (s *Sweep) differs(bug int, k *known, st debbugs.Status) bool {
	if k == nil || s.o.Import || k.care() {
		return true
	}
	if older(st, k.Status) && debbugs.Same(st, k.Status) {
		delete(s.due, bug)
		return false
	}
	return true
}

// old says whether an unknown bug was there before us. With a watch list, a bug
// may come into it at any time.
func (s *Sweep) old(bug int) bool {
	if s.o.Import || bug > s.pos.Base {
		return false
	}
	return !s.pos.Based || !s.o.Watch.everything()
}

// held reports whether mail still has time to report a change first. Where others'
// messages are followed it has longer, since the last change and the last message
// about the bug: what no message accounts for then was lost. A bug that never rests
// is held for so long six times at most.
func (s *Sweep) held(bug int, k *known, st debbugs.Status, last time.Time) bool {
	now, grace, most := s.o.Now(), s.o.Grace, s.o.Grace
	if s.o.Patience > 0 && !byAge(k, st) {
		grace = max(grace, s.o.Patience)
		most = 6 * grace
	}
	changed := time.Unix(max(st.LogModified, st.LastModified), 0)
	if last.After(changed) && s.o.Patience > 0 {
		changed = last
	}
	if grace <= 0 || now.Sub(changed) >= grace {
		return false
	}
	d := s.due[bug]
	if d.since.IsZero() {
		d.since = now
	}
	s.due[bug] = d
	if ahead := changed.Sub(now) > time.Minute; ahead {
		most = grace // the tracker's clock is wrong
	}
	return now.Sub(d.since) < most
}

// byAge tells whether all that happened is that the tracker archived a bug, as it
// does by itself: no mail tells of that.
func byAge(k *known, st debbugs.Status) bool {
	if k == nil || k.Archived || !st.Archived || k.LogModified != st.LogModified {
		return false
	}
	was := k.Status
	was.Archived = true
	return debbugs.Same(was, st)
}

// holePatience is how often a new number that is not there is asked for again,
// with growing pauses: a report may be filed late.
const holePatience = 6

// hole notes a number without a bug.
func (s *Sweep) hole(bug int) {
	d, waiting := s.due[bug]
	if bug <= s.pos.Base && !waiting {
		return
	}
	if d.tries++; d.tries > holePatience {
		delete(s.due, bug) // the sweep comes by
		return
	}
	d.not = s.o.Now().Add(s.o.Interval << (d.tries - 1) / 2)
	s.due[bug] = d
}

// withWitnesses adds bugs that should be there, so that an answer about bugs
// that are gone can be told from one of a tracker that is not itself.
func (s *Sweep) withWitnesses(bugs []int) []int {
	all := append(slices.Clone(bugs), s.fresh...)
	slices.Sort(all)
	return slices.Compact(all)
}

// statuses asks for the bugs' states. Where one of them makes the tracker fail,
// it is found by halving, and listed in broken.
func (s *Sweep) statuses(ctx context.Context, bugs []int) (all map[int]debbugs.Status, broken map[int]error, err error) {
	all, err = s.o.Tracker.Status(ctx, bugs)
	if some, ok := errors.AsType[*tracker.BrokenError](err); ok {
		broken, err = some.Bugs, nil
	}
	_, fault := errors.AsType[*soap.Fault](err)
	fault = fault || errors.Is(err, soap.ErrTooLarge) // one bug's may be
	switch {
	case err == nil:
		s.batch = min(mostAsked, s.batch*2)
		return all, broken, nil
	case !fault:
		s.batch = max(leastBatch, s.batch/2) // it may have been too much to ask
		return nil, nil, err
	case len(bugs) == 1:
		return nil, map[int]error{bugs[0]: err}, nil
	}
	all, broken = map[int]debbugs.Status{}, map[int]error{}
	for _, half := range [][]int{bugs[:len(bugs)/2], bugs[len(bugs)/2:]} {
		a, b, err := s.statuses(ctx, half)
		if err != nil {
			return nil, nil, err
		}
		maps.Copy(all, a)
		maps.Copy(broken, b)
	}
	return all, broken, nil
}

// mostAsked is how many bugs one question has at most, beside the witnesses.
const mostAsked = tracker.MaxStatus - newestAsked

// leastBatch is how few bugs one question has at least.
const leastBatch = 10
