package debbugs

import (
	"strconv"
	"strings"

	"busbar/common/event"
	"busbar/common/mail"
	"busbar/common/runes"
)

func tidyAll(list []string) []string {
	all := make([]string, len(list))
	for i, s := range list {
		all[i], _ = runes.Cut(tidy(s), 200)
	}
	return all
}

func digits(list []int) []string {
	all := make([]string, len(list))
	for i, n := range list {
		all[i] = strconv.Itoa(n)
	}
	return all
}

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

func containsFold(s, part string) bool {
	return strings.Contains(strings.ToLower(s), strings.ToLower(part))
}

// clean makes valid text of a tracker's.
func clean(s string) string { return strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", "") }
