package control

import (
	"slices"
	"strings"

	"busbar/common/mail"
)

// Unanswerable says why a mail must not be answered, so that no two programs write to each
// other for ever (RFC 3834 §2): it is of a program, a list, or of ours. Empty: it may be.
func Unanswerable(m *mail.Message, e Envelope, own []string) string {
	h := m.Header
	from := strings.ToLower(h.Address("From").Email)
	local, _, _ := strings.Cut(from, "@")
	sender := strings.ToLower(strings.Trim(e.Sender, "<>"))
	returned := strings.ToLower(strings.Trim(strings.TrimSpace(h.Get("Return-Path")), "<>"))
	has := func(name string, words ...string) bool {
		return slices.ContainsFunc(h.Values(name), func(v string) bool {
			v, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(v)), ";")
			return len(words) == 0 || slices.Contains(words, strings.TrimSpace(v))
		})
	}
	isOwn := func(a string) bool {
		return slices.ContainsFunc(own, func(o string) bool { return strings.EqualFold(o, a) })
	}
	robots := []string{"mailer-daemon", "postmaster", "listserv", "majordomo", "noreply", "no-reply", "nobody"}
	switch {
	case from == "":
		return "it has no sender"
	case e.Known && sender == "" || h.Has("Return-Path") && returned == "":
		return "it is a bounce (an empty return path)"
	case slices.ContainsFunc([]string{local, sender, returned}, func(a string) bool {
		a, _, _ = strings.Cut(a, "@")
		return slices.Contains(robots, a) || strings.HasPrefix(a, "owner-") || strings.HasSuffix(a, "-request") || strings.HasSuffix(a, "-bounces") || strings.Contains(a, "bounces+")
	}):
		return "it is of a program or a list (" + from + ")"
	case h.Has("Auto-Submitted") && !has("Auto-Submitted", "no"):
		return "it is of a program (Auto-Submitted)"
	case has("Precedence", "bulk", "list", "junk", "auto_reply"):
		return "it is of a program or a list (Precedence)"
	case slices.ContainsFunc(h.Names(), func(name string) bool {
		name = strings.ToLower(name)
		return strings.HasPrefix(name, "list-") || name == "x-autoreply" || name == "x-autorespond" || name == "x-auto-reply-from" || name == "x-mail-autoreply" ||
			name == "x-busbar-kind" || name == "x-mailman-version" || name == "x-failed-recipients"
	}):
		return "it is of a program or a list (its headers)"
	case slices.ContainsFunc(append(h.Values("X-Loop"), from, sender, returned), isOwn):
		return "it is our own"
	case m.Body.Type == "multipart/report":
		return "it is a report (multipart/report)"
	}
	return ""
}
