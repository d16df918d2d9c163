package dak

import (
	"errors"
	"strings"

	"busbar/common/event"
	"busbar/common/mail"
	"busbar/common/translate"
)

// Translator claims every mail that the archive's software sends.
func Translator() translate.Translator[*mail.Message] {
	return translate.Translator[*mail.Message]{Name: "dak", Translate: toEvents, Kinds: Kinds(), Why: why}
}

// why names the header fields that make a mail the archive's, and an upload's.
func why(it translate.Item[*mail.Message]) string {
	h := it.Value.Header
	for _, name := range []string{"X-Debian", "X-DAK", "X-Katie"} {
		if h.Has(name) && ours(h) {
			return name + ": " + line(h.Get(name)) + "; Subject: " + line(h.Get("Subject"))
		}
	}
	return ""
}

func toEvents(it translate.Item[*mail.Message]) ([]event.Event, error) {
	m := it.Value
	if !ours(m.Header) {
		return nil, translate.Skip("not from dak")
	}
	n, ok := readNotice(m.Header)
	if !ok {
		return nil, translate.Ignore(silent(m.Header))
	}
	text, _ := mail.UndoubleQP(m.Text())
	c, err := readChanges(text)
	if cut := cutError(""); errors.As(err, &cut) {
		return nil, translate.Poison("cut: the mail announces an upload (%s), but %v", line(n.subject), err)
	}
	if err != nil {
		return nil, translate.Poison("the mail announces an upload (%s), but %v", line(n.subject), err)
	}
	suites := strings.Join(n.suites, " ")
	if len(n.suites) == 0 {
		suites = c.get("Distribution")
	}
	if err := named("suite", suites, suiteForm); err != nil {
		return nil, translate.Poison("the mail announces an upload (%s), but %v", line(n.subject), err)
	}
	if n.queue != "" && !suiteForm.MatchString(n.queue) {
		return nil, translate.Poison("the mail announces an upload (%s), but it names no usable queue: %q", line(n.subject), n.queue)
	}
	return n.events(m.Header, c), nil
}

// ours tells the archive's mails from all others. Comments that debbugs passes
// on keep their sender's header and are not the archive's own mails any more.
func ours(h mail.Header) bool {
	if h.Has("X-Debian-PR-Message") {
		return false
	}
	return strings.EqualFold(h.Get("X-Debian"), "DAK") || h.Has("X-DAK") || h.Has("X-Katie")
}

// silent is why a notice yields no event.
func silent(h mail.Header) string {
	subject, action := h.Get("Subject"), strings.ToLower(h.Get("Debian-Archive-Action"))
	program := program(h)
	for _, row := range []struct {
		is     bool
		reason string
	}{
		{strings.HasSuffix(subject, " is NEW") || action == "new", "dak: NEW notice"},
		{strings.Contains(subject, ".changes REJECTED") || action == "reject" || h.Has("X-DAK-Rejection"), "dak: rejection"},
		{strings.Contains(subject, "Removed package(s) from") || action == "remove" || program == "rm", "dak: removal"},
		{isBug(subject) && strings.Contains(subject, ": fixed in "), "dak: bug closed by upload (debbugs confirms)"},
		{isBug(subject) || program == "override" || strings.HasSuffix(subject, " override disparity"), "dak: override change"},
		{strings.HasPrefix(subject, "Results of processing ") || program == "process-command", "dak: command results"},
		{strings.HasPrefix(subject, "Comments regarding "), "dak: comment"},
		{strings.HasPrefix(subject, "Transitions completed") || program == "transitions", "dak: transition"},
		{strings.HasPrefix(subject, "TSU Notification") || strings.HasPrefix(subject, "BXA"), "dak: legal notice"},
		{strings.HasPrefix(subject, "Processing of ") || h.Get("X-DAK") == "DAK", "dak: queue daemon"},
		{strings.HasSuffix(subject, ".changes INSTALLED"), "dak: installed (the old second notice of an upload)"},
	} {
		if row.is {
			return row.reason
		}
	}
	return "dak: notice for people"
}

func isBug(subject string) bool { return strings.HasPrefix(subject, "Bug#") }

// program is the archive program in X-DAK: "dak process-upload" (with trailing
// blanks, sometimes).
func program(h mail.Header) string {
	name, found := strings.CutPrefix(h.Get("X-DAK"), "dak ")
	if !found {
		return ""
	}
	return line(strings.TrimSpace(name))
}

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
