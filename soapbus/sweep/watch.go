package sweep

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"busbar/soapbus/tracker"
)

// A Watch says which bugs are polled: those that any of its lists names.
type Watch struct {
	Packages    []string // binary packages, or src:NAME
	Maintainers []string // addresses
	Severities  []string
	Usertags    []string // USER/TAG
	Bugs        []int
}

func (w Watch) everything() bool {
	return len(w.Packages)+len(w.Maintainers)+len(w.Severities)+len(w.Usertags)+len(w.Bugs) == 0
}

// String is the watch in a few words.
func (w Watch) String() string {
	if w.everything() {
		return "every bug"
	}
	var parts []string
	for _, l := range []struct {
		what string
		n    int
	}{{"packages", len(w.Packages)}, {"maintainers", len(w.Maintainers)}, {"severities", len(w.Severities)}, {"usertags", len(w.Usertags)}, {"bugs", len(w.Bugs)}} {
		if l.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", l.n, l.what))
		}
	}
	return "the bugs of " + strings.Join(parts, ", ")
}

// A listing is one question for the numbers of watched bugs.
type listing struct {
	query     tracker.Query
	user, tag string
	bugs      []int // as configured
}

// name says which list it is, for people.
func (l listing) name() string {
	switch {
	case l.user != "":
		return "usertag " + l.user + "/" + l.tag
	case l.bugs != nil:
		return "bugs"
	}
	return l.query[0].Key
}

// listings are the questions of a watch: one for each kind of list, for the
// tracker takes several values of one key as alternatives.
func (w Watch) listings() []listing {
	var list []listing
	add := func(key string, values []string) {
		if len(values) > 0 {
			var q tracker.Query
			for _, v := range values {
				q = append(q, tracker.Pair{Key: key, Value: v})
			}
			list = append(list, listing{query: q})
		}
	}
	var binary, source []string
	for _, p := range w.Packages {
		if name, ok := strings.CutPrefix(p, "src:"); ok {
			source = append(source, name)
		} else {
			binary = append(binary, p)
		}
	}
	add("package", binary)
	add("src", source)
	add("maint", w.Maintainers)
	add("severity", w.Severities)
	for _, t := range w.Usertags {
		user, tag, _ := strings.Cut(t, "/")
		list = append(list, listing{user: user, tag: tag})
	}
	if len(w.Bugs) > 0 {
		list = append(list, listing{bugs: w.Bugs})
	}
	return list
}

// listing adds bugs to those that are watched. They stay: a bug that left the
// list, say for another package, is published all the same.
func (s *Sweep) listing(ctx context.Context, l listing) (err error) {
	bugs := l.bugs
	switch {
	case l.user != "":
		tags, err := s.o.Tracker.Usertags(ctx, l.user)
		if err != nil {
			return err
		}
		bugs = tags[l.tag]
	case bugs == nil:
		if bugs, err = s.o.Tracker.Bugs(ctx, l.query); err != nil {
			return err
		}
	}
	bugs = s.unlikely(bugs, l.name())
	before := len(s.list)
	s.list = append(s.list, bugs...)
	slices.Sort(s.list)
	s.list = slices.Compact(s.list)
	if before == len(s.list) || s.pos.Swept == 0 {
		return nil // the first share is everything
	}
	// What is new in the list does not wait for its share.
	for _, b := range bugs {
		known, err := s.known(ctx, b)
		if err != nil {
			return err
		}
		if known == nil {
			s.due[b] = due{}
		}
	}
	return nil
}
