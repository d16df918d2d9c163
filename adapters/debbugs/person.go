package debbugs

import (
	"strings"

	"busbar/common/event"
	"busbar/common/mail"
)

// who reads a person as the tracker keeps one: "Name <address>".
func who(s string) event.Person { return person(mail.ParseAddress(tidy(s))) }

func perhaps(s string) *event.Person {
	if s == "" {
		return nil
	}
	p := who(s)
	return &p
}

// sameWho compares by address: names are decoded in more ways than one.
func sameWho(a, b string) bool {
	return a == b || a != "" && b != "" && who(a).Email != "" && strings.EqualFold(who(a).Email, who(b).Email)
}

// otherWho tells whether a person changed. What a report says of its sender is
// compared by address.
func (w *walk) otherWho(was, now string) bool {
	return was != now && (w.ch.Before != nil || !sameWho(was, now))
}
