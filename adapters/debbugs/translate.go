package debbugs

import (
	"strconv"
	"strings"

	"busbar/common/event"
	"busbar/common/mail"
	"busbar/common/translate"
)

// Translator claims every mail that debbugs sends. It must stand before those
// of other services: debbugs passes a mail on with its sender's header, so a
// comment by the archive's software looks like one of its own mails too.
func Translator() translate.Translator[*mail.Message] {
	return translate.Translator[*mail.Message]{Name: "debbugs", Translate: toEvents, Kinds: Kinds(), Why: why}
}

// why names the header field that makes a mail debbugs's.
func why(it translate.Item[*mail.Message]) string {
	h := it.Value.Header
	if kind := h.Get("X-Debian-PR-Message"); kind != "" {
		return "X-Debian-PR-Message: " + line(kind)
	}
	if loops(h) {
		return "X-Loop: owner@bugs.debian.org"
	}
	return ""
}

func toEvents(it translate.Item[*mail.Message]) ([]event.Event, error) {
	m := it.Value
	kind, rest, _ := strings.Cut(m.Header.Get("X-Debian-PR-Message"), " ")
	if kind == "" {
		if loops(m.Header) {
			return nil, translate.Ignore("debbugs: mail without a kind")
		}
		return nil, translate.Skip("not from debbugs")
	}
	var tell func(*mail.Message, Bug) ([]event.Event, error)
	switch kind {
	case "transcript":
		return processed(m)
	case "error":
		return refused(m), nil
	case "report", "followup":
		tell = certain(message)
	case "closed", "they-closed":
		tell = certain(closing)
	case "forwarded":
		tell = certain(forwarding)
	case "submitter-changed":
		tell = resubmitted
	case "list":
		tell = subscribed
	default:
		return nil, translate.Ignore(silent(kind))
	}
	number := bugNumber(rest)
	if number == 0 {
		return nil, translate.Poison("X-Debian-PR-Message says %s, but names no bug: %q", kind, line(rest))
	}
	return tell(m, about(m.Header, number))
}

// certain is a reading that always has events.
func certain(tell func(*mail.Message, Bug) []event.Event) func(*mail.Message, Bug) ([]event.Event, error) {
	return func(m *mail.Message, b Bug) ([]event.Event, error) { return tell(m, b), nil }
}

// silent is why a kind of mail yields no event.
func silent(kind string) string {
	switch {
	case strings.HasPrefix(kind, "ack"):
		return "debbugs: acknowledgement"
	case kind == "getinfo", strings.HasPrefix(kind, "doc-"):
		return "debbugs: help text"
	}
	return "debbugs: unknown kind of mail"
}

// loops finds debbugs's own mark against mail loops.
func loops(h mail.Header) bool {
	for _, v := range h.Values("X-Loop") {
		if strings.EqualFold(v, "owner@bugs.debian.org") {
			return true
		}
	}
	return false
}

// bugNumber reads a positive number of at most nine digits, 0 if it is none.
func bugNumber(s string) int {
	s, _, _ = strings.Cut(strings.TrimSpace(s), " ")
	n, err := strconv.Atoi(s)
	if err != nil || n <= 0 || n > 999_999_999 || s[0] == '+' {
		return 0
	}
	return n
}

// about reads what debbugs's own header fields say of the bug.
func about(h mail.Header, number int) Bug {
	b := Bug{Bug: number, URL: Link(number)}
	b.Packages = words(h.Get("X-Debian-PR-Package"))
	b.Tags = words(h.Get("X-Debian-PR-Keywords"))
	sources := words(h.Get("X-Debian-PR-Source"))
	b.Source = strings.Join(sources, " ")
	b.Package = filedAgainst(b.Packages, sources)
	return b
}
