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
	return (len(f.Topic) == 0 || slices.ContainsFunc(f.Topic, func(want string) bool { return matches(prefix, e.Topic, want) })) &&
		(len(f.Package) == 0 || slices.ContainsFunc(packagesOf(e.Msg), func(p string) bool { return slices.Contains(f.Package, p) })) &&
		(len(f.Person) == 0 || slices.ContainsFunc(peopleOf(e.Msg), f.takesPerson))
}

// matches compares whole parts: "debbugs.bug" takes debbugs.bug.create, not
// debbugs.bugzilla.create. Prefix and environment may be left out.
func matches(prefix, topic, want string) bool {
	want = trimStar(want)
	return under(topic, want) || under(bare(prefix, topic), want)
}

// trimStar cuts the end off "debbugs.bug.*": all topics are beginnings here.
func trimStar(want string) string {
	return strings.TrimSuffix(strings.TrimSuffix(want, "*"), ".")
}

// bare is a topic without prefix and environment; one with another prefix is
// left alone.
func bare(prefix, topic string) string {
	rest, ours := strings.CutPrefix(topic, prefix+".")
	if !ours {
		return topic
	}
	_, rest, _ = strings.Cut(rest, ".") // the environment, whichever
	return rest
}

func under(topic, want string) bool {
	rest, ok := strings.CutPrefix(topic, want)
	return ok && (want == "" || rest == "" || rest[0] == '.')
}

func (f Filter) takesPerson(person string) bool {
	return slices.ContainsFunc(f.Person, func(want string) bool {
		return strings.Contains(strings.ToLower(person), strings.ToLower(want))
	})
}
