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
	cause, id := causing(m, theirs)
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
	return []event.Event{e, old(oldClosedKind, "closed", m, e.Body.(Closed).Bug, e)}
}

// closed tells of the mail that closed a bug, known by its id.
func closed(cause *mail.Message, b Bug, a arrival, id string) event.Event {
	b = caused(b, cause, a)
	b.MessageID = id
	p := pseudoHeaders(text(cause))
	c := Closed{DoneBy: b.Person, SourceVersion: p.version("source-version"), Message: content(cause)}
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
	cause, id := causing(m, false)
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
	b = caused(b, cause, a)
	b.MessageID = id
	return event.Event{Kind: forwardKind, Key: ForwardKey(b.Bug, id), Time: a.time,
		Body: Forwarded{Bug: b, To: recipients(cause.Header), Message: content(cause)}}
}

// causing finds the embedded mail that a notice is about, and its id: the
// first in the notice's References. A notice that embeds nothing is its own
// cause; without References its handler's id stands in, less the word that
// tells the copies for closer and submitter apart.
func causing(m *mail.Message, first bool) (*mail.Message, string) {
	want := ""
	if ids := m.Header.MessageIDs("References"); len(ids) > 0 {
		want = ids[0]
	}
	all := m.Messages()
	for _, e := range all {
		if want != "" && e.Header.MessageID("Message-ID") == want {
			return e, line(want)
		}
	}
	cause := m
	if len(all) > 0 {
		cause = all[len(all)-1]
		if first {
			cause = all[0]
		}
	}
	if want == "" && cause != m {
		want = cause.Header.MessageID("Message-ID")
	}
	if want == "" {
		want = messageID(m.Header)
		for _, word := range []string{".ackdone@", ".notifdone@", ".ackfwdd@"} {
			want = strings.Replace(want, word, "@", 1)
		}
	}
	return cause, line(want)
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

// recipients are whom a bug was forwarded to: all but debbugs itself.
func recipients(h mail.Header) string {
	var all []string
	for _, a := range append(h.Addresses("To"), h.Addresses("Cc")...) {
		if email := strings.ToLower(a.Email); !strings.HasSuffix(email, "@bugs.debian.org") {
			all = append(all, person(a).String())
		}
	}
	return line(strings.Join(all, ", "))
}
