package rule

import (
	"slices"
	"strings"

	"busbar/bus/notify/keyword"
	"busbar/common/archive"
	"busbar/common/event"
)

// An Event is a message as rules look at it: what it is about, gathered once.
type Event struct {
	Envelope event.Envelope
	Subject  *archive.Subject
	Bare     string // its topic without prefix and environment
	Keyword  string // that of the package tracker
	Packages []string
	Bugs     []string
	People   []string // addresses of those that it names, lower case
	Actors   []string // of those who did it
	Wire     []byte
}

// NewEvent gathers it; prefix is that of the bus's topics.
func NewEvent(prefix string, e event.Envelope, wire []byte) *Event {
	ev := &Event{Envelope: e, Subject: archive.SubjectOf(e), Bare: event.BareTopic(prefix, e.Topic), Wire: wire}
	ev.Keyword = keyword.Of(ev.Bare)
	ev.Packages, ev.Bugs = ev.Subject.Values(archive.Package), ev.Subject.Values(archive.Bug)
	for _, p := range ev.Subject.Values(archive.Person) {
		ev.People = append(ev.People, addressOf(p))
	}
	slices.Sort(ev.People)
	ev.People = slices.Compact(ev.People)
	if body, ok := e.Msg.(map[string]any); ok {
		for _, member := range []string{"person", "changed_by", "done_by", "author", "committer", "pusher"} {
			if a := personIn(body[member]); a != "" {
				ev.Actors = append(ev.Actors, a)
			}
		}
	}
	return ev
}

// addressOf is the address of a person as an archive has it: "name <address>", or the
// address or account alone.
func addressOf(person string) string {
	if _, rest, ok := strings.Cut(person, " <"); ok {
		return strings.TrimSuffix(rest, ">")
	}
	return person
}

func personIn(v any) string {
	switch v := v.(type) {
	case string:
		return strings.ToLower(addressOf(v))
	case map[string]any:
		email, _ := v["email"].(string)
		return strings.ToLower(email)
	}
	return ""
}

// member is an address in the body.
func (ev *Event) member(name string) string {
	body, _ := ev.Envelope.Msg.(map[string]any)
	return personIn(body[name])
}

// Reporter is who reported the bug that this event reports, or gives to another
// submitter; empty for all other events.
func (ev *Event) Reporter() string {
	switch ev.Bare {
	case "debbugs.bug.create":
		return ev.member("person")
	case "debbugs.bug.submitter.update":
		return ev.member("to")
	}
	return ""
}

// Old says that the event is an old name for a fact that is published under its own,
// too.
func (ev *Event) Old() bool {
	return strings.HasPrefix(ev.Bare, "debmessenger.") || strings.HasPrefix(ev.Bare, "debexpo.")
}

// Thread is what the event belongs to: its only bug, else its first package, else
// nothing.
func (ev *Event) Thread() string {
	switch {
	case len(ev.Bugs) == 1, len(ev.Bugs) > 1 && strings.HasPrefix(ev.Bare, "debbugs.bug."):
		return "bug/" + ev.Bugs[0]
	case len(ev.Packages) > 0:
		return "package/" + ev.Packages[0]
	case len(ev.Subject.Values(archive.Repository)) > 0:
		return "repository/" + ev.Subject.Values(archive.Repository)[0]
	}
	return ""
}
