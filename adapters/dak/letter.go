package dak

import (
	"errors"
	"strings"
	"time"

	"busbar/common/event"
	"busbar/common/mail"
	"busbar/common/pattern"
	"busbar/common/runes"
)

// A letter is one of the archive's mails, with what its readers ask for.
type letter struct {
	*mail.Message
	subject string // decoded
	action  string // Debian-Archive-Action, lower case
	program string // of X-DAK, without "dak"
	text    string // without the second encoding of signed mails
}

func open(m *mail.Message) letter {
	h := m.Header
	l := letter{Message: m, subject: strings.TrimSpace(h.Get("Subject")), program: program(h)}
	l.action = strings.ToLower(h.Get("Debian-Archive-Action"))
	l.text, _ = mail.UndoubleQP(m.Text())
	return l
}

// program is the archive program in X-DAK: "dak process-upload" (with trailing
// blanks, sometimes).
func program(h mail.Header) string {
	name, found := strings.CutPrefix(h.Get("X-DAK"), "dak ")
	if !found {
		return ""
	}
	return line(strings.TrimSpace(name))
}

// id tells two notices apart that may say the same: an upload can be rejected
// twice.
func (l letter) id() string { return l.Identity(event.Gist(l.text)) }

// time is when the mail was sent; zero if it does not say.
func (l letter) time() time.Time {
	at, _ := l.Header.Time("Date")
	return at
}

// event is one about this mail's fact.
func (l letter) event(kind *event.Kind, key string, body any) event.Event {
	return event.Event{Kind: kind, Key: key, Time: l.time(), Body: body}
}

// body is a text for the bus, and whether it was cut.
func (l letter) body(most int) (text string, truncated bool) {
	return runes.Cut(strings.Trim(l.text, "\n"), most)
}

var (
	changesName = pattern.New(`^[^/\s\x00]{1,300}\.changes$`)
	fileParts   = pattern.New(`^([^_/]+)_([^_/]+)_([^_/]+)\.changes$`)
)

var errNoChanges = errors.New("it names no usable .changes file")

// reference reads which upload the mail is about: from the fields of 2022 and
// later, else from X-Debian-Package and the name of the .changes file, which
// has a version without epoch. file is what the subject calls it.
func (l letter) reference(file string) (Reference, error) {
	if named := whole(l.Header, "Debian-Changes"); named != "" {
		file = named
	}
	if !changesName.MatchString(file) {
		return Reference{}, errNoChanges
	}
	r := Reference{ChangesFile: file, Program: l.program, Architecture: []string{}}
	parts := fileParts.FindStringSubmatch(file)
	for _, name := range []string{"Debian-Source", "X-Debian-Package"} {
		if m := sourceField.FindStringSubmatch(whole(l.Header, name)); m != nil && r.Package == "" {
			r.Package = m[1]
		}
	}
	if v := whole(l.Header, "Debian-Version"); versionForm.MatchString(v) {
		r.Version = v
	}
	if list := whole(l.Header, "Debian-Architecture"); list != "" {
		r.Architecture = unique(list)
	}
	if parts != nil {
		if r.Package == "" && sourceField.MatchString(parts[1]) {
			r.Package = parts[1]
		}
		if r.Version == "" && versionForm.MatchString(parts[2]) {
			r.Version = parts[2]
		}
		if len(r.Architecture) == 0 {
			r.Architecture = unique(strings.ReplaceAll(parts[3], "+", " "))
		}
	}
	r.URL = Link(r.Package)
	return r, nil
}

// before is the part of a subject before the word that says what happened.
func before(subject, word string) string {
	file, _, _ := strings.Cut(subject, word)
	return strings.TrimSpace(file)
}
