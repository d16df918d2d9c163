package sweep

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"busbar/common/event"
)

// missingPatience is in how many rounds a bug must be missing to be gone, and
// massPatience for how long, if many were missing at once.
const (
	missingPatience = 3
	massPatience    = 24 * time.Hour
)

// mostGone is how many bugs of one answer may go at once and be believed, or a
// tenth of them: so many are spam on a bad day.
const mostGone = 10

// missing notes bugs that were there before. It believes nothing where the
// answer has nothing that should be there, nor where most of what should be is
// missing for the first time. Where many are it waits for long: some of the
// tracker's files may be away.
func (s *Sweep) missing(bugs map[int]*known, present int, witness bool) (quiet []event.State, err error) {
	defer s.many()
	if len(bugs) == 0 {
		return nil, nil
	}
	first := 0
	for _, k := range bugs {
		if k.Missing == 0 {
			first++
		}
	}
	if !witness || first >= mostGone && first > present {
		return nil, fmt.Errorf("asking for %d bugs: the tracker does not know %d of them any more, such as bug %d; that is not accepted: are its files there?",
			len(bugs)+present, len(bugs), slices.Min(slices.Collect(maps.Keys(bugs))))
	}
	now := s.o.Now()
	for bug, k := range bugs {
		if k.Missing == 0 && first > max(mostGone, (first+present)/10) {
			k.Absent = now.Unix()
		}
		k.Missing++
		patient := now.Sub(time.Unix(k.Absent, 0)) >= massPatience
		if k.Missing >= missingPatience && patient {
			delete(s.absent, bug)
			s.found = append(s.found, found{bug: bug})
			continue
		}
		if k.Absent != 0 {
			s.absent[bug] = true
		}
		s.due[bug] = due{}
		quiet = append(quiet, s.state(bug, k))
	}
	return quiet, nil
}

// many lets it be known that many bugs are missing.
func (s *Sweep) many() {
	if len(s.absent) == 0 {
		s.doubt("missing", nil)
		return
	}
	s.doubt("missing", fmt.Errorf("the tracker does not know %d bugs any more that it knew a moment ago, such as bug %d; their deletion is accepted after %s: are its files there?",
		len(s.absent), slices.Min(slices.Collect(maps.Keys(s.absent))), massPatience))
}
