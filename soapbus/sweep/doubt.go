package sweep

import (
	"maps"
	"slices"
	"strings"

	"busbar/adapters/debbugs"
)

// doubt records something that the tracker says and that is not believed,
// with nil that it is. It is shown while it lasts: what depends on it is not published
// on the bus, and all else goes on.
func (s *Sweep) doubt(what string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	was := s.doubts[what]
	switch {
	case err != nil:
		s.doubts[what] = err.Error()
		if was == "" {
			s.log.Warn("doubtful answer of the tracker is not accepted yet", "reason", err)
		}
	case was != "":
		delete(s.doubts, what)
		s.log.Info("doubt is over", "reason", was)
	}
	s.stats.Doubt = strings.Join(slices.Sorted(maps.Values(s.doubts)), "; ")
}

// backPatience is in how many rounds in a row a bug must be as it was before,
// for that to be news. Two servers behind one address that disagree are asked by
// turns, and the older of their states is none.
const backPatience = 10

// takenBack says whether a state is to be waited for: one that is older than the
// one that was published, or another of the same time though that was long ago when it
// was published. A tracker that was put back to an older day is believed in the end.
func (s *Sweep) takenBack(bug int, k *known, st debbugs.Status) bool {
	if k == nil || s.o.Import || debbugs.Same(st, k.Status) || !older(st, k.Status) {
		return false
	}
	if equal := st.LogModified == k.LogModified && st.LastModified == k.LastModified; equal && (k.Fresh || s.justNow(st)) {
		return false // it changed twice within a second
	}
	if k.Back++; k.Back < backPatience {
		s.due[bug] = due{}
		return true
	}
	if k.Since == 0 || k.Since != max(k.LogModified, 1) {
		return false
	}
	*k = *s.recorded(st) // nothing was published of it yet: what was recorded was wrong
	delete(s.due, bug)
	return true
}

// older says whether nothing about a state is later than about another.
func older(st, than debbugs.Status) bool {
	return st.LogModified <= than.LogModified && st.LastModified <= than.LastModified
}
