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
