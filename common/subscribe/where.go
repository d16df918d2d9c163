package subscribe

import "slices"

// addresses are where a stream may be asked for.
type addresses struct {
	own []string // at which nobody else was seen: what is said there is its publisher's word
	all []string // these, and others
}

// where is at which addresses a stream may be asked for, the likeliest first: where
// its publisher speaks, then where others speak, too, which is a hub, and then the
// hubs that are known as such.
func (s *Subscriber) where(st *stream) addresses {
	var own, shared []string
	add := func(endpoints []string) {
		for _, e := range endpoints {
			at, followed := s.replayAt(e)
			switch {
			case !followed || slices.Contains(own, at) || slices.Contains(shared, at):
			case s.ofSeveral(e, st.publisher):
				shared = append(shared, at)
			default:
				own = append(own, at)
			}
		}
	}
	add(st.endpoints)
	for _, other := range s.publishers[st.publisher].streams {
		if other.signer == st.signer {
			add(other.endpoints)
		}
	}
	a := addresses{own, append(own, shared...)}
	for _, hub := range s.o.Hubs {
		if !slices.Contains(a.all, hub) {
			a.all = append(a.all, hub)
		}
	}
	return a
}

// ofSeveral says that another publisher was seen at an endpoint, too.
func (s *Subscriber) ofSeveral(endpoint, publisher string) bool {
	for name, p := range s.publishers {
		if name != publisher && slices.ContainsFunc(p.streams, func(st *stream) bool { return slices.Contains(st.endpoints, endpoint) }) {
			return true
		}
	}
	return false
}

func (s *Subscriber) replayAt(endpoint string) (string, bool) {
	for _, e := range s.follower.Found() {
		if e.Address == endpoint {
			if e.Replay != "" {
				return e.Replay, true
			}
			return endpoint, true
		}
	}
	return "", false
}
