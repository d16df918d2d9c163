// Package buildd says what the mails of build daemons and of their queue mean: a
// build ended, with its log (sbuild); a notice to those who look after a package or
// an architecture (wanna-build, buildd.debian.org).
//
// The queue's own list of state changes tells the bus nothing: it lacks the
// architecture, and the queue's database tells each of them (adapters/wannabuild).
//
// An event's time is the mail's Date.
//
// Not here: the log itself, which may have megabytes.
package buildd

import (
	"strings"

	"busbar/common/event"
	"busbar/common/mail"
	"busbar/common/pattern"
	"busbar/common/translate"
)

// Translator claims the mails of build daemons.
func Translator() translate.Translator[*mail.Message] {
	return translate.Translator[*mail.Message]{Name: "buildd", Translate: toEvents, Kinds: Kinds(), Why: why}
}

// A kind of mail of a build daemon. Most have no mark but their subject, and are
// known by that and by how their text begins.
type kind int

const (
	nobodys kind = iota
	buildLog
	stateChanges
	queueNotice
	question
	markedNotice
)

var (
	logSubject   = pattern.New(`^Log for (\S{1,50}) build of (\S{1,300})( source)?(?: on (\S{1,100}))? \((?:dist=(\S{1,100})|(\S{1,200})/(\S{1,100}))\)$`)
	stateSubject = pattern.New(`^wanna-build \S{1,100} state changes [0-9]{4} [A-Z][a-z]{2} `)
	queueSubject = pattern.New(`^(\S{1,200}) (?:set to Not-For-Us|moved out of Not-For-Us state|deleted from DB .{1,300})$`)
	askSubject   = pattern.New(`^Should I build (\S{1,300}) \(dist=(\S{1,100})\)\?$`)
)

func kindOf(m *mail.Message) kind {
	h := m.Header
	subject := strings.TrimSpace(h.Get("Subject"))
	switch {
	case h.Has("X-Debian-PR-Message"):
		return nobodys // the bug tracker passed it on
	case strings.EqualFold(h.Get("X-Debian"), "buildd.debian.org"):
		return markedNotice
	case logSubject.MatchString(subject):
		return buildLog
	case stateSubject.MatchString(subject):
		return stateChanges
	}
	if q := queueSubject.FindStringSubmatch(subject); q != nil && strings.HasPrefix(m.Text(), "The package '"+q[1]+"' has been ") {
		return queueNotice
	}
	if q := askSubject.FindStringSubmatch(subject); q != nil && strings.HasPrefix(m.Text(), "The package ") {
		return question
	}
	return nobodys
}

// why names the subject, or the field, that makes a mail a build daemon's.
func why(it translate.Item[*mail.Message]) string {
	switch kindOf(it.Value) {
	case nobodys:
		return ""
	case markedNotice:
		return "X-Debian: buildd.debian.org"
	}
	return "Subject: " + line(it.Value.Header.Get("Subject"))
}

func toEvents(it translate.Item[*mail.Message]) ([]event.Event, error) {
	m := it.Value
	k := kindOf(m)
	switch {
	case k == nobodys:
		return nil, translate.Skip("no build daemon's")
	case k == stateChanges:
		return nil, translate.Ignore("buildd: state changes (without an architecture; the queue's database tells them)")
	case m.Cut() == mail.HeaderCut:
		return nil, translate.Poison("cut: %s", mail.HeaderCut)
	case k == buildLog:
		return ended(m)
	}
	return noticed(m, k)
}
