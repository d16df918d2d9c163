package debbugs

import (
	"strings"
	"time"

	"busbar/common/event"
	"busbar/common/mail"
)

// An arrival is how a mail came to debbugs, from the trace fields that
// debbugs itself writes (debbugs: scripts/receive, scripts/process).
type arrival struct {
	code string    // the queue: B (all), M (maintainer only), Q (quiet), U (submitter), D, F, …
	ref  bool      // the mail was for a bug that existed
	time time.Time // when it was received; zero if no field tells
}

func arrived(h mail.Header) arrival {
	var a arrival
	for _, v := range h.Values("Received") {
		if strings.HasPrefix(v, "via spool by ") && a.code == "" {
			a.spool(v)
		}
		if strings.HasPrefix(v, "(at ") && strings.Contains(v, ") by bugs.") && a.time.IsZero() {
			if i := strings.LastIndexByte(v, ';'); i >= 0 {
				a.time = mail.ParseTime(v[i+1:])
			}
		}
	}
	if a.code == "" {
		a.handler(h)
	}
	if a.time.IsZero() {
		a.time, _ = h.Time("Date")
	}
	if a.time.IsZero() {
		a.time, _ = h.Time("Resent-Date")
	}
	return a
}

// spool reads "… id=U1.179 (code U ref 1); DATE".
func (a *arrival) spool(v string) {
	_, v, _ = strings.Cut(v, "(code ")
	v, _, closed := strings.Cut(v, ")")
	f := strings.Fields(v)
	if !closed || len(f) == 0 {
		return
	}
	a.code, a.ref = f[0], len(f) > 1 && f[1] == "ref"
}

// handler reads the same from debbugs's own message id, handler.N.B.179… for a
// new bug and handler.N.BN.179… for an existing one. A mailing list may have
// put an id of its own before it.
func (a *arrival) handler(h mail.Header) {
	for _, id := range h.MessageIDs("Resent-Message-ID") {
		parts := strings.SplitN(id, ".", 4)
		if len(parts) == 4 && parts[0] == "handler" && parts[2] != "" {
			a.code, a.ref = parts[2][:1], len(parts[2]) > 1
			return
		}
	}
}

// sender is who wrote the mail, by its From alone: the tracker writes Reply-To
// and Resent-From of its own into what it passes on.
func sender(h mail.Header) event.Person {
	for _, a := range h.Addresses("From") {
		return person(a)
	}
	return event.Person{}
}

func person(a mail.Address) event.Person {
	return event.Person{Name: line(a.Name), Email: line(a.Email)}
}
