package dak

import (
	"busbar/common/event"
	"busbar/common/mail"
)

// events builds what a notice and its .changes file say.
func (n notice) events(h mail.Header, c changes) []event.Event {
	u := c.upload()
	u.ChangesFile, u.Program = n.file, program(h)
	u.Suite = n.suites
	if len(u.Suite) == 0 {
		u.Suite = unique(c.get("Distribution"))
	}
	action := "accept"
	if n.policy {
		action = "queue/" + n.queue
	}
	at, _ := h.Time("Date")
	if at.IsZero() {
		at = c.date()
	}
	e := event.Event{Key: UploadKey(u.Package, u.Version, u.Architecture, u.Suite, action), Time: at}
	switch {
	case n.policy:
		e.Kind = queueKind
		q := Queued{Upload: u, Closes: c.closes(), Queue: n.queue}
		if len(u.Suite) > 0 {
			q.Target = u.Suite[0]
		}
		e.Body = q
		return []event.Event{e}
	case !u.Sourceful:
		e.Kind = binaryKind
		b := BinaryAccepted{Upload: u}
		b.BinNMU, b.BinNMUVersion = c.binNMU()
		e.Body = b
		return []event.Event{e}
	}
	e.Kind = sourceKind
	e.Body = SourceAccepted{Upload: u, Closes: c.closes()}
	return []event.Event{e, {Kind: oldUploadKind, Key: e.Key, Time: at, Body: c.oldUpload()}}
}
