package control

import (
	"strings"

	"busbar/common/mail"
	"busbar/common/runes"
	"busbar/common/show"
)

// BounceTag is what stands behind the + of a recipient at the address of bounces; false:
// it is another address. A mail to the address itself has an empty one.
func BounceTag(recipient, bounces string) (string, bool) {
	local, domain, ok := strings.Cut(strings.ToLower(recipient), "@")
	wantLocal, wantDomain, set := strings.Cut(strings.ToLower(bounces), "@")
	if !ok || !set || domain != wantDomain {
		return "", false
	}
	local, tag, _ := strings.Cut(local, "+")
	return tag, local == wantLocal
}

// Bounce says why a mail came back, and whether it did so for good, as the report in it
// tells (RFC 3464 §2.3: Action, Status). What is no report tells nothing.
func Bounce(m *mail.Message) (reason string, hard bool) {
	if m.Body.Type != "multipart/report" {
		return "it is no report of a delivery (multipart/report)", false
	}
	for _, part := range m.Body.Parts {
		if part.Type != "message/delivery-status" {
			continue
		}
		fields := map[string]string{}
		for line := range strings.SplitSeq(part.Text, "\n") {
			name, value, ok := strings.Cut(line, ":")
			if ok {
				fields[strings.ToLower(strings.TrimSpace(name))] = strings.TrimSpace(value)
			}
		}
		status, action := fields["status"], strings.ToLower(fields["action"])
		reason, _ = runes.Cut(show.OneLine(strings.TrimSpace(action+" "+status+" "+fields["diagnostic-code"])), maxLine)
		return reason, action == "failed" && strings.HasPrefix(status, "5.")
	}
	return "its report has no delivery status", false
}
