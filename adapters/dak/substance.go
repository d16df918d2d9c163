package dak

import (
	"strings"

	"busbar/common/event"
)

// Substance is who made the version and what the changelog says: the same in the
// announcement to a list and in the mail to the maintainer.
func (u Upload) Substance() []string {
	return []string{strings.ToLower(u.ChangedBy.Email), event.Gist(u.ChangesText)}
}

// Substance is what the team wrote or the software found.
func (r Rejected) Substance() []string { return []string{event.Gist(r.Text)} }

// Substance is what is new.
func (h Held) Substance() []string { return h.Components }

// Substance is who wrote what.
func (c Commented) Substance() []string {
	return []string{strings.ToLower(c.By.Email), event.Gist(c.Text)}
}

// Substance is why: the mail to each bug and the archive's log say it alike.
func (r Removed) Substance() []string { return []string{event.Gist(r.Reason)} }

// Substance is what the text says.
func (n Noticed) Substance() []string { return []string{event.Gist(n.Text)} }
