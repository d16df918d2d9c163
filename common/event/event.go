package event

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"busbar/common/runes"
	"busbar/common/show"
)

// An Event is one fact as a translator states it, before the journal gives it a
// place in the publisher's sequence.
type Event struct {
	Kind *Kind
	// Key is the fact's natural identity within its service, such as
	// "bug/123456/create". Two channels that tell the same fact build the same
	// key, and so the same id.
	Key string
	// Time is when the fact happened, by its source; zero where the source
	// does not tell.
	Time time.Time
	// Body is the kind's typed body.
	Body any
	// Recovered says that the fact was found later (by comparison, import or
	// repair), so that live followers may ignore it.
	Recovered bool
}

// An Evidence is one reason to believe that a fact was really said by its
// source. It is signed with the message.
type Evidence struct {
	// Type names the check: "mail", "list", "pgp", …
	Type string `json:"type"`
	// Verdict is "pass", "fail", or "none" where nothing was checked and the
	// value is only what the item claims.
	Verdict string `json:"verdict"`
	// Detail is what was seen: a digest, a list id, a key id.
	Detail string `json:"detail"`
}

// A Person is somebody named by a service, decoded to UTF-8.
type Person struct {
	Name  string `json:"name"`
	Email string `json:"email"`
}

// String is "Name <email>", or whichever of the two is known.
func (p Person) String() string {
	switch {
	case p.Name == "":
		return p.Email
	case p.Email == "":
		return p.Name
	}
	return p.Name + " <" + p.Email + ">"
}

// Short is the name for a sentence: the name if there is one, else the address.
func (p Person) Short() string {
	if p.Name != "" {
		return p.Name
	}
	if p.Email != "" {
		return p.Email
	}
	return "somebody"
}

// Stamp is the one form of a time in bodies: RFC 3339 in UTC, whole seconds;
// empty for the zero time.
func Stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// MaxTitle and MaxLink bound what a message says for people, in bytes.
const (
	MaxTitle = 2 << 10
	MaxLink  = 2 << 10
)

// Title is the fact in one sentence, as it travels with the message: whoever
// shows it need not know the kind. What commands a terminal or cannot be seen is
// U+FFFD, and what is too long is cut.
func (e Event) Title() string {
	text := show.Line(e.Kind.Sentence(e.Body))
	if len(text) <= MaxTitle {
		return text
	}
	const more = "…"
	text, _ = runes.Cut(text, MaxTitle-len(more))
	return text + more
}

// Link is where a person may read more, or empty. One that is too long, or
// holds what no address holds, is left out: cut, it would lead elsewhere.
func (e Event) Link() string {
	link := e.Kind.Link(e.Body)
	if len(link) > MaxLink || show.Line(link) != link || strings.ContainsAny(link, " <>\"") {
		return ""
	}
	return link
}

// Validate reports why e cannot be published: an undeclared kind, a bad key, or
// a body of the wrong type. It is a programmer's error in a translator.
func (e Event) Validate() error {
	if e.Kind == nil {
		return fmt.Errorf("checking event %q: it has no kind", e.Key)
	}
	if e.Key == "" || strings.ContainsRune(e.Key, 0) {
		return fmt.Errorf("checking event %s: key %q is empty or holds a NUL", e.Kind.Topic, e.Key)
	}
	return e.Kind.check(e.Body)
}

// Wanted leaves out events under old names, except those of the families that
// the configuration asks for.
func Wanted(events []Event, families []string) []Event {
	return slices.DeleteFunc(slices.Clone(events), func(e Event) bool {
		return e.Kind != nil && e.Kind.Family != "" && !slices.Contains(families, e.Kind.Family)
	})
}
