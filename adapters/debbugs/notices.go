package debbugs

import (
	"fmt"
	"html"
	"strings"

	"busbar/common/event"
	"busbar/common/mail"
	"busbar/common/pattern"
	"busbar/common/translate"
)

// resubmitted tells that a bug has another submitter, by the notice that the
// tracker sends to the old one and the new one. The answer to the command tells the
// same, with the same id.
func resubmitted(m *mail.Message, b Bug) ([]event.Event, error) {
	text := m.Text()
	old, to := stated(text, "The old submitter address for this report was"), stated(text, "The new submitter address is")
	if to == "" {
		return nil, translate.Poison("the notice about the submitter of bug %d names no new one", b.Bug)
	}
	b.Title = titleInText(text, b.Bug)
	b.Person = who(stated(text, "This change was made by"))
	b.MessageID = line(causeOf(m.Header))
	at, _ := m.Header.Time("Date")
	b.Time = event.Stamp(at)
	return []event.Event{{Kind: submitterKind, Key: CommandKey(b.Bug, "submitter", one(old), one(to), causeOf(m.Header), 0), Time: at,
		Body: SubmitterUpdated{b, who(old), who(to)}}}, nil
}

// stated is the line below another, without its full stop. One version of debbugs
// escapes it for HTML, twice.
func stated(text, above string) string {
	_, rest, _ := strings.Cut(text, above+"\n")
	l, _, _ := strings.Cut(rest, "\n")
	l = strings.TrimSuffix(strings.TrimSpace(l), ".")
	if strings.Contains(l, "&") && !strings.Contains(l, "<") {
		l = html.UnescapeString(html.UnescapeString(l))
	}
	return l
}

// refused tells that the tracker could do nothing with a mail. Whose it was and what
// it was about is nobody's business.
func refused(m *mail.Message) []event.Event {
	at, _ := m.Header.Time("Date")
	r := Refused{Time: event.Stamp(at)}
	r.Reason = withoutAddresses(tidy(withoutSubject(m.Header.Get("Subject"))))
	if n := refusedBug.FindStringSubmatch(r.Reason); n != nil {
		r.Bug = bugNumber(n[1])
	}
	return []event.Event{{Kind: refuseKind, Key: RefuseKey(mailIdentity(m)), Time: at, Body: r}}
}

var (
	refusedBug = pattern.New(`Bug ?#(\d{1,9})\b`)
	anAddress  = pattern.New(`[^\s<>()@,;"]{1,200}@[^\s<>()@,;"]{1,200}`)
)

// withoutSubject takes the refused mail's own subject off, which stands in
// brackets behind the reason.
func withoutSubject(s string) string {
	if i := strings.Index(s, " ("); i > 0 {
		return s[:i]
	}
	return s
}

// withoutAddresses leaves out addresses that are not the tracker's own.
func withoutAddresses(s string) string {
	return anAddress.ReplaceAllStringFunc(s, func(a string) string {
		if strings.HasSuffix(a, "@bugs.debian.org") {
			return a
		}
		return "(an address)"
	})
}

// subscribed tells that somebody asked for the mails of a bug, or for no more of
// them: the tracker passes such a mail on to its list program. Nothing of who that
// is goes on the bus.
func subscribed(m *mail.Message, b Bug) ([]event.Event, error) {
	to, _ := received(m.Header)
	if to.bug != b.Bug {
		for _, a := range m.Header.Addresses("To") {
			local, _, _ := strings.Cut(a.Email, "@")
			if p := parseAddress(local); p.bug == b.Bug {
				to = p
			}
		}
	}
	action := map[string]string{"subscribe": "subscribe", "unsubscribe": "unsubscribe", "subyes": "confirm", "unsubyes": "confirm-unsubscribe"}[to.what]
	if action == "" {
		return nil, translate.Ignore("debbugs: a subscriber's request that changes nothing")
	}
	at := arrived(m.Header).time
	s := Subscribed{Bug: b.Bug, Package: b.Package, Packages: b.Packages, Title: tidy(m.Header.Get("X-Debian-PR-Title")),
		Action: action, Time: event.Stamp(at), URL: b.URL}
	return []event.Event{{Kind: subscribeKind, Key: fmt.Sprintf("bug/%d/subscription/%s", b.Bug, digest(mailIdentity(m))), Time: at, Body: s}}, nil
}
