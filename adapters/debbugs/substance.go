package debbugs

import (
	"strings"

	"busbar/common/event"
)

// Substance is who reported and the words, not the title, which lists tag.
func (b Created) Substance() []string { return said(b.Bug, b.Message) }

// Substance is who wrote and the words.
func (b Commented) Substance() []string { return said(b.Bug, b.Message) }

// Substance is who closed: the submitter and the maintainer are told in other
// words.
func (b Closed) Substance() []string { return []string{strings.ToLower(b.Person.Email)} }

// Substance is who forwarded, and whereto.
func (b Forwarded) Substance() []string { return []string{strings.ToLower(b.Person.Email), b.To} }

func said(b Bug, m Message) []string {
	return []string{strings.ToLower(b.Person.Email), event.Gist(m.Body)}
}
