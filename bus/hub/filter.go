package hub

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"busbar/common/archive"
	"busbar/common/event"
)

// A filter says which messages a listener to /events wants: those that fit each
// kind of condition that is given; within one kind, any will do.
type filter struct {
	prefix                         string
	topics, packages, bugs, people []string
	since                          time.Time
	query                          *archive.Query // q; nil: all
}

// maxFilter bounds the values of a filter.
const maxFilter = 64

func parseFilter(prefix string, q url.Values) (filter, error) {
	f := filter{prefix: prefix, topics: q["topic"], packages: q["package"], bugs: q["bug"]}
	for _, p := range q["person"] {
		f.people = append(f.people, strings.ToLower(p))
	}
	if n := len(f.topics) + len(f.packages) + len(f.bugs) + len(f.people); n > maxFilter {
		return f, fmt.Errorf("the filter has %d values, more than %d", n, maxFilter)
	}
	for i, b := range f.bugs {
		f.bugs[i] = strings.TrimPrefix(b, "#")
	}
	if text := q.Get("q"); text != "" {
		asked, err := archive.ParseQuery(text)
		if err != nil {
			return f, fmt.Errorf("reading q: %w", err)
		}
		asked.Prefix, f.query = prefix, &asked
	}
	if since := q.Get("since"); since != "" {
		t, err := archive.ParseTime(since)
		if err != nil {
			return f, fmt.Errorf("reading since: %w", err)
		}
		f.since = t
	}
	return f, nil
}

// takes says whether a message is wanted.
func (f *filter) takes(e *event.Envelope, about func() event.About) bool {
	if e.Timestamp < f.since.Unix() && !f.since.IsZero() {
		return false
	}
	if f.query != nil && !f.query.Takes(*e) {
		return false
	}
	if len(f.topics) > 0 && !slices.ContainsFunc(f.topics, func(want string) bool { return event.TopicUnder(f.prefix, e.Topic, want) }) {
		return false
	}
	if len(f.packages)+len(f.bugs)+len(f.people) == 0 {
		return true
	}
	a := about()
	return anyOf(f.packages, a.Packages) && anyOf(f.bugs, a.Bugs) &&
		(len(f.people) == 0 || slices.ContainsFunc(a.People, func(p string) bool {
			p = strings.ToLower(p)
			return slices.ContainsFunc(f.people, func(want string) bool { return strings.Contains(p, want) })
		}))
}

func anyOf(wanted, have []string) bool {
	return len(wanted) == 0 || slices.ContainsFunc(have, func(s string) bool { return slices.Contains(wanted, s) })
}
