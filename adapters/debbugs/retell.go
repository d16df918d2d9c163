package debbugs

import (
	"fmt"
	"slices"

	"busbar/common/event"
)

// create tells that the bug is there: by its report, if the log has it.
func (w *walk) create() {
	i := slices.IndexFunc(w.log, func(r read) bool { return r.report })
	if i < 0 || w.origin != 0 {
		w.published = bare(w.now)
	} else {
		w.published = initial(w.log[i], w.now, w.named("title"))
	}
	b := w.published.bug()
	if i < 0 {
		at := unix(w.now.Date)
		b.Person, b.MessageID, b.Severity, b.Time = who(w.now.Submitter), tidy(w.now.MessageID), tidy(w.now.Severity), event.Stamp(at)
		w.add(event.Event{Kind: createKind, Key: CreateKey(b.Bug), Time: at,
			Body: Created{Bug: b, Message: Message{Attachments: []Attachment{}}}}, true)
		return
	}
	r := w.log[i]
	a := r.at
	a.code = code(r.to[0])
	if w.origin != 0 { // the clone is younger than its report
		a.time = w.log[w.copied-1].at.time
	} else {
		b.Title = r.title()
	}
	e := reported(r.mail, b, a, r.id)
	body := e.Body.(Created)
	if w.origin != 0 {
		body.Severity = tidy(w.now.Severity)
	}
	body.Truncated = body.Truncated || r.cut
	e.Body = body
	w.add(e, true)
	w.compat(oldReportKind, "report", r, body.Bug, e)
	if w.origin != 0 {
		w.clone(r)
	}
}

// clone tells of the other bug that this one is its copy.
func (w *walk) clone(report read) {
	cause := w.log[w.copied-1]
	b := bare(w.now).bug()
	b.Bug, b.URL, b.Title, b.Tags = w.origin, Link(w.origin), report.title(), []string{}
	b = caused(b, cause.mail, cause.at, cause.id)
	w.add(event.Event{Kind: cloneKind, Key: CloneKey(w.origin, w.ch.Bug), Time: cause.at.time,
		Body: Cloned{Bug: b, Clones: []int{w.ch.Bug}}}, true)
}

// code is the queue that debbugs puts mail to an address into, as far as
// comments are concerned.
func code(a address) string {
	return map[string]string{"quiet": "Q", "maintonly": "M", "submitter": "U"}[a.what]
}

// message tells what one message was: a comment, what closed the bug, or what
// marked it as forwarded. One that was sent to several of the bug's addresses
// is in the log once, and is all of it.
func (w *walk) message(r read) {
	commented := false
	for i, to := range r.to {
		foreign := to.bug != 0 && !w.same(to.bug)
		switch {
		case internal(r.mail.Header):
		case i > 0 && (to.bug == 0 || foreign):
		case to.what == "done":
			w.close(r)
		case to.what == "forwarded":
			w.forward(r)
		case foreign, commented, to.bug == 0 && (to.what == "control" || to.what == "request" || to.what == "owner"):
		case to.bug != 0 && !slices.Contains([]string{"", "quiet", "maintonly", "submitter"}, to.what):
		default:
			commented = true
			w.comment(r, to)
		}
	}
	for _, c := range r.commands {
		w.command(r, c)
	}
}

func (w *walk) comment(r read, to address) {
	a := r.at
	a.code = code(to)
	b := w.now.bug()
	b.Title = tidy(ownTitle(r.title(), b.Bug))
	e := commented(r.mail, b, a, r.id)
	body := e.Body.(Commented)
	body.Truncated = body.Truncated || r.cut
	e.Body = body
	w.add(e, !body.Quiet)
	w.compat(oldFollowupKind, "followup", r, body.Bug, e)
}

// close tells of mail to N-done. debbugs mails nothing if the bug is closed and
// the mail names no version.
func (w *walk) close(r read) {
	p := pseudoHeaders(r.mail.Text())
	if w.published.Done != "" && w.found == nil && p["version"] == "" && p["source-version"] == "" {
		w.comment(r, address{})
		return
	}
	w.closed(r)
}

func (w *walk) closed(r read) {
	if w.reopened != nil && w.reopens > 0 {
		w.reopens-- // others said so
	} else if w.reopened != nil { // in between
		b := caused(w.now.bug(), w.reopened.mail, w.reopened.at, w.reopened.id)
		at := w.reopened.at.time
		w.add(event.Event{Kind: reopenKind, Key: StateKey(b.Bug, "done", one(w.doneBy), nil, at.Unix()), Time: at,
			Body: Reopened{b, who(w.doneBy)}}, true)
	}
	w.reopened, w.found, w.closes = nil, nil, true
	e := closed(r.mail, w.now.bug(), r.at, r.id)
	body := e.Body.(Closed)
	body.Truncated = body.Truncated || r.cut
	e.Body = body
	w.published.Done = orNone(body.DoneBy.String())
	w.add(e, true)
	w.compat(oldClosedKind, "closed", r, body.Bug, e)
}

// forward tells of mail to N-forwarded. One that was sent to the tracker alone,
// or also, leaves the state as it was, and debbugs mails a notice all the same.
func (w *walk) forward(r read) {
	if w.published.Forwarded != "" {
		w.comment(r, address{})
		return
	}
	e := forwarded(r.mail, w.now.bug(), r.at, r.id)
	body := e.Body.(Forwarded)
	body.Truncated = body.Truncated || r.cut
	e.Body = body
	w.add(e, true)
	_, domain := received(r.mail.Header)
	if to := r.mail.Header.Get("To"); !containsFold(to, domain) {
		w.published.Forwarded, w.forwards = orNone(tidy(to)), true
	}
}

// command follows what a command did to whether the bug is closed.
func (w *walk) command(r read, c command) {
	if !w.same(c.bugs[0]) {
		return
	}
	switch {
	case c.verb == "close" && (w.published.Done == "" || w.found != nil):
		w.closed(r)
	case c.verb == "reopen" && w.published.Done != "":
		w.doneBy, w.published.Done, w.reopened, w.found = w.published.Done, "", &r, nil
	case c.verb == "found" && w.published.Done != "":
		w.found = &r
	}
}

// compat tells the same under its old name, with the subject that its mail has.
func (w *walk) compat(k *event.Kind, kind string, r read, b Bug, e event.Event) {
	o := old(k, kind, r.mail, b, e)
	if k != oldClosedKind {
		body := o.Body.(Debmessenger)
		body.Title = line(fmt.Sprintf("Bug#%d: %s", b.Bug, b.Title))
		o.Body = body
	}
	w.add(o, w.events[len(w.events)-1].Recovered)
}
