package debbugs

import (
	"fmt"
	"strings"

	"busbar/common/event"
	"busbar/common/mail"
	"busbar/common/runes"
)

// message tells of a new report or of a comment. "report" stands on both: mail
// to N-submitter@ is announced as a report too, and is known by its queue.
func message(m *mail.Message, b Bug) []event.Event {
	a, id := arrived(m.Header), mailIdentity(m)
	b.Title = ownTitle(m.Header.Get("Subject"), b.Bug)
	isReport := strings.HasPrefix(m.Header.Get("X-Debian-PR-Message"), "report")
	if !isReport || a.code == "U" || a.ref {
		e := commented(m, b, a, id)
		return []event.Event{e, old(oldFollowupKind, "followup", m, e.Body.(Commented).Bug, e)}
	}
	e := reported(m, b, a, id)
	return []event.Event{e, old(oldReportKind, "report", m, e.Body.(Created).Bug, e)}
}

// commented tells of a mail that was added to a bug. b holds what debbugs says
// of the bug, id is the mail's identity.
func commented(m *mail.Message, b Bug, a arrival, id string) event.Event {
	b = caused(b, m, a, id)
	return event.Event{Kind: commentKind, Key: CommentKey(b.Bug, id), Time: a.time,
		Body: Commented{Bug: b, ToSubmitter: a.code == "U", Quiet: a.code == "Q", Maintonly: a.code == "M", Message: content(m)}}
}

// reported tells of the mail that made a bug.
func reported(m *mail.Message, b Bug, a arrival, id string) event.Event {
	b = caused(b, m, a, id)
	p := pseudoHeaders(m.Text()).also(m.Header, "version", "severity")
	b.Severity = p.severity()
	if b.Title == "" {
		b.Title = noSubject
	}
	return event.Event{Kind: createKind, Key: CreateKey(b.Bug), Time: a.time,
		Body: Created{Bug: b, Version: p.version("version"), Quiet: a.code == "Q", Maintonly: a.code == "M", Message: content(m)}}
}

// caused adds what the mail that did it says.
func caused(b Bug, m *mail.Message, a arrival, id string) Bug {
	b.Person, b.MessageID, b.Time = sender(m.Header), line(id), event.Stamp(a.time)
	return b
}

// ownTitle takes "Bug#N: " off a subject.
func ownTitle(subject string, bug int) string {
	return line(strings.TrimSpace(strings.TrimPrefix(subject, fmt.Sprintf("Bug#%d:", bug))))
}

// content is the mail's text and the list of what else it holds. dak's signed
// mails are quoted-printable twice.
func content(m *mail.Message) Message {
	const most = 100
	var c Message
	c.Body, c.Truncated = runes.Cut(text(m), maxText)
	c.Attachments = []Attachment{}
	for _, a := range m.Attachments() {
		if len(c.Attachments) == most {
			break
		}
		c.Attachments = append(c.Attachments, Attachment{Name: line(a.Name), Type: line(a.Type), Size: a.Size})
	}
	return c
}

func text(m *mail.Message) string {
	t := m.Text()
	if strings.EqualFold(m.Header.Get("X-Debian"), "DAK") {
		t, _ = mail.UndoubleQP(t)
	}
	return t
}
