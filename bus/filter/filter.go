// Package filter chooses messages: by topic, by package, by person.
package filter

import (
	"slices"
	"strings"

	"busbar/common/event"
)

// A Filter is the flags of a command that chooses messages. It takes a message
// that fits every kind of condition that is given; within one kind, any will do.
type Filter struct {
	Topic   []string `help:"Only topics that begin so, with or without prefix and environment (debbugs.bug). May be repeated." placeholder:"TOPIC"`
	Package []string `help:"Only messages about this package. May be repeated." placeholder:"NAME"`
	Person  []string `help:"Only messages about a person whose name or address holds this. May be repeated." placeholder:"TEXT"`
}

// Takes says whether a message fits, on a bus whose topics begin with prefix.
func (f Filter) Takes(prefix string, e event.Envelope) bool {
	if len(f.Topic) > 0 && !slices.ContainsFunc(f.Topic, func(want string) bool { return event.TopicUnder(prefix, e.Topic, want) }) {
		return false
	}
	if len(f.Package) == 0 && len(f.Person) == 0 {
		return true
	}
	about := event.AboutOf(e.Msg)
	return (len(f.Package) == 0 || slices.ContainsFunc(about.Packages, func(p string) bool { return slices.Contains(f.Package, p) })) &&
		(len(f.Person) == 0 || slices.ContainsFunc(about.People, f.takesPerson))
}

func (f Filter) takesPerson(person string) bool {
	return slices.ContainsFunc(f.Person, func(want string) bool {
		return strings.Contains(strings.ToLower(person), strings.ToLower(want))
	})
}
