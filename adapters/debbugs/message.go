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
		events := []event.Event{e, old(oldFollowupKind, "followup", m, e.Body.(Commented).Bug, e)}
		if a.code != "U" {
			events = append(events, versioned("found", e.Body.(Commented).Bug, pseudoHeaders(m.Text()).versionFiled(), id, a)...)
		}
		return events
	}
	e := reported(m, b, a, id)
	events := []event.Event{e, old(oldReportKind, "report", m, e.Body.(Created).Bug, e)}
	return append(events, filed(m, e.Body.(Created).Bug, a, id)...)
}

// commented tells of a mail that was added to a bug. b holds what debbugs says
// of the bug, id is the mail's identity.
func commented(m *mail.Message, b Bug, a arrival, id string) event.Event {
	b = caused(b, m, a, id)
	if a.code != "U" {
		b.Found = one(pseudoHeaders(m.Text()).versionFiled())
	}
	return event.Event{Kind: commentKind, Key: CommentKey(b.Bug, id), Time: a.time,
		Body: Commented{Bug: b, ToSubmitter: a.code == "U", Quiet: a.code == "Q", Maintonly: a.code == "M", Message: content(m)}}
}

// reported tells of the mail that made a bug.
func reported(m *mail.Message, b Bug, a arrival, id string) event.Event {
	b = caused(b, m, a, id)
	p := pseudoHeaders(m.Text()).also(m.Header, "version", "severity")
	b.Severity, b.Found = p.severity(), one(p.versionFiled())
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
	whole := text(m)
	c.Body, c.Truncated = runes.Cut(whole, maxText)
	c.Omitted = int64(len(whole) - len(c.Body))
	if more := beyond(m.Body, m.Text()); more > 0 {
		c.Truncated, c.Omitted = true, c.Omitted+more
	}
	c.Patch = hasPatch(whole)
	c.Attachments = []Attachment{}
	for _, a := range m.Attachments() {
		if len(c.Attachments) == most {
			c.MoreAttachments++
			continue
		}
		c.Attachments = append(c.Attachments, Attachment{Name: line(a.Name), Type: line(a.Type), Size: a.Size, Patch: isPatch(a.Name, a.Type)})
	}
	return c
}

// beyond is how many bytes of the text were left out when the mail was read.
func beyond(p *mail.Part, shown string) int64 {
	if p.Truncated && p.Text == shown {
		return max(0, p.Size-int64(len(p.Text)))
	}
	for _, child := range p.Parts {
		if n := beyond(child, shown); n > 0 {
			return n
		}
	}
	return 0
}

func text(m *mail.Message) string {
	t := m.Text()
	if strings.EqualFold(m.Header.Get("X-Debian"), "DAK") {
		t, _ = mail.UndoubleQP(t)
	}
	return t
}
