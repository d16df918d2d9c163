package debbugs

import (
	"fmt"
	"html"
	"strings"

	"busbar/common/event"
	"busbar/common/mail"
)

// closing tells that a bug was closed. The notice holds the mail that closed
// it and the original report as embedded messages; "they-closed" is the
// submitter's copy of "closed", with the two in the other order.
func closing(m *mail.Message, b Bug) []event.Event {
	theirs := strings.HasPrefix(m.Header.Get("X-Debian-PR-Message"), "they-closed")
	cause, id := causing(m, "done", theirs)
	if theirs {
		b.Title = titleInText(m.Text(), b.Bug)
	} else {
		b.Title = titleInBrackets(m.Header.Get("Subject"), "marked as done (")
	}
	e := closed(cause, b, arrived(cause.Header), id)
	if cause == m { // it embeds nothing, and its own sender is debbugs
		c := Closed{Bug: e.Body.(Closed).Bug, Message: Message{Attachments: []Attachment{}}}
		c.Person = event.Person{}
		e.Body = c
	}
	events := []event.Event{e, old(oldClosedKind, "closed", m, e.Body.(Closed).Bug, e)}
	if cause != m {
		events = append(events, versioned("fixed", e.Body.(Closed).Bug, fixedBy(cause, pseudoHeaders(text(cause))), id, arrived(cause.Header))...)
	}
	return events
}

// fixedBy is the version that a mail that closed a bug says it is fixed in. A mail
// with commands says nothing so.
func fixedBy(m *mail.Message, p pseudo) string {
	if to, _ := received(m.Header); to.what == "control" || to.what == "request" {
		return ""
	}
	return p.versionFixed()
}

// byUpload tells a mail of the archive's software, which closes bugs when an upload
// that fixes them is accepted.
func byUpload(h mail.Header) bool {
	return strings.EqualFold(h.Get("X-Debian"), "DAK") || strings.HasPrefix(h.Get("X-DAK"), "dak ")
}

// closed tells of the mail that closed a bug, known by its id.
func closed(cause *mail.Message, b Bug, a arrival, id string) event.Event {
	b = caused(b, cause, a, id)
	p := pseudoHeaders(text(cause))
	b.Fixed = one(fixedBy(cause, p))
	c := Closed{ByUpload: byUpload(cause.Header), DoneBy: b.Person, SourceVersion: p.version("source-version"), Message: content(cause)}
	if c.Version = p.version("version"); c.Version == "" {
		c.Version = c.SourceVersion
	}
	if done := mail.ParseAddress(p["done"]); done.Email != "" {
		c.DoneBy = person(done)
	}
	c.Bug = b
	return event.Event{Kind: closeKind, Key: CloseKey(b.Bug, id), Time: a.time, Body: c}
}

// forwarding tells that a bug was marked as forwarded; the notice embeds the
// mail that did it.
func forwarding(m *mail.Message, b Bug) []event.Event {
	cause, id := causing(m, "forwarded", true)
	b.Title = titleInBrackets(m.Header.Get("Subject"), "marked as forwarded (")
	e := forwarded(cause, b, arrived(cause.Header), id)
	if cause == m {
		f := Forwarded{Bug: e.Body.(Forwarded).Bug, Message: Message{Attachments: []Attachment{}}}
		f.Person = event.Person{}
		e.Body = f
	}
	return []event.Event{e}
}

// forwarded tells of the mail that marked a bug as forwarded, known by its id.
func forwarded(cause *mail.Message, b Bug, a arrival, id string) event.Event {
	b = caused(b, cause, a, id)
	return event.Event{Kind: forwardKind, Key: ForwardKey(b.Bug, id), Time: a.time,
		Body: Forwarded{Bug: b, To: recordedTo(cause.Header), Message: content(cause)}}
}

// titleInBrackets reads "… marked as done (TITLE)".
func titleInBrackets(subject, before string) string {
	_, t, found := strings.Cut(subject, before)
	if !found {
		return ""
	}
	return line(strings.TrimSuffix(t, ")"))
}

// titleInText reads the line "#N: TITLE" of the submitter's notice. One
// version of debbugs escapes it for HTML, twice.
func titleInText(text string, bug int) string {
	_, t, found := strings.Cut("\n"+text, fmt.Sprintf("\n#%d: ", bug))
	if !found {
		return ""
	}
	t, _, _ = strings.Cut(t, "\n")
	if strings.Contains(t, "&amp;") {
		t = html.UnescapeString(html.UnescapeString(t))
	}
	return line(strings.TrimSpace(t))
}

// recordedTo is what the tracker records of a mail to N-forwarded@: its To field
// as it is, the last of several; nothing where that names the tracker (debbugs:
// scripts/process).
func recordedTo(h mail.Header) string {
	_, domain := received(h)
	to := h.Values("To")
	if len(to) == 0 || strings.Contains(to[len(to)-1], domain) {
		return ""
	}
	return tidy(to[len(to)-1])
}
