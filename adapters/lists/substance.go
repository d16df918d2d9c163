package lists

import (
	"strings"

	"busbar/common/event"
)

// Substance is who wrote, and the subject without what replies and lists put
// before it.
func (b Received) Substance() []string {
	subject := b.Subject
	for {
		rest := strings.TrimSpace(subject)
		if strings.HasPrefix(rest, "[") {
			if _, after, ok := strings.Cut(rest, "]"); ok {
				rest = after
			}
		}
		if len(rest) >= 3 && strings.EqualFold(rest[:3], "re:") {
			rest = rest[3:]
		}
		if rest == subject {
			return []string{strings.ToLower(b.From.Email), event.Gist(rest)}
		}
		subject = rest
	}
}
