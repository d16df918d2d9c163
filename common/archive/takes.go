package archive

import (
	"slices"
	"strings"

	"busbar/common/event"
)

// Takes says whether a query wants a message, as Find decides it with its indices: for
// messages that come while somebody listens. Arrival numbers (Until, After) and Check
// do not count.
func (q Query) Takes(e event.Envelope) bool { return q.TakesSubject(SubjectOf(e)) }

// takes says whether one of a message's names is like one of the values.
func (c Condition) takes(prefix string, names []name) bool {
	return slices.ContainsFunc(names, func(n name) bool {
		return n.kind == c.Kind && slices.ContainsFunc(c.Values, func(value string) bool { return c.like(prefix, n.value, value) })
	})
}

func (c Condition) like(prefix, have, value string) bool {
	if c.Kind == Person {
		value = strings.ToLower(value)
	}
	switch c.Match {
	case Under:
		return event.TopicUnder(prefix, have, value)
	case Holds:
		return strings.Contains(have, value)
	case Ends:
		return ends(have, value)
	case Named:
		return named(have, value)
	}
	return have == value
}

// hasAll says whether words, which wordsOf gave, have each word of a person's text.
func hasAll(words []string, text string) bool {
	wanted := wordsIn(text)
	for i, w := range wanted {
		begins := i == len(wanted)-1 && strings.HasSuffix(text, "*")
		if !slices.ContainsFunc(words, func(have string) bool { return have == w || begins && strings.HasPrefix(have, w) }) {
			return false
		}
	}
	return true
}
