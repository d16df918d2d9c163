package dak

import (
	"errors"
	"strings"

	"busbar/common/event"
	"busbar/common/mail"
	"busbar/common/translate"
)

// Options are what a configuration decides.
type Options struct {
	// Private tells mails that are one person's own, too: accounts.
	Private bool
}

// Translator claims every mail that the archive's software sends.
func Translator(o Options) translate.Translator[*mail.Message] {
	return translate.Translator[*mail.Message]{Name: "dak", Translate: o.toEvents, Kinds: Kinds(), Why: why}
}

// why names the header fields that make a mail the archive's, and an upload's.
func why(it translate.Item[*mail.Message]) string {
	h := it.Value.Header
	for _, name := range []string{"X-Debian", "X-DAK", "X-Katie"} {
		if h.Has(name) && ours(h) {
			return name + ": " + line(h.Get(name)) + "; Subject: " + line(h.Get("Subject"))
		}
	}
	if !h.Has("X-Debian-PR-Message") && accountOn(it.Value) != "" {
		return "Subject: " + line(h.Get("Subject"))
	}
	return ""
}

func (o Options) toEvents(it translate.Item[*mail.Message]) ([]event.Event, error) {
	m := it.Value
	if !ours(m.Header) {
		if host := accountOn(m); host != "" && !m.Header.Has("X-Debian-PR-Message") {
			return o.account(m, host)
		}
		return nil, translate.Skip("not from dak")
	}
	if m.Cut() == mail.HeaderCut {
		return nil, translate.Poison("cut: %s", mail.HeaderCut)
	}
	l := open(m)
	n, ok := readNotice(m.Header)
	if !ok {
		return tell(l)
	}
	c, err := readChanges(l.text)
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

// account tells of an account, or says that nothing may be told of it.
func (o Options) account(m *mail.Message, host string) ([]event.Event, error) {
	if !o.Private {
		return nil, translate.Ignore("dak: private: an account was opened")
	}
	events, err := opened(open(m), host)
	if err != nil {
		return nil, translate.Poison("the archive's notice (%s): %v", line(m.Header.Get("Subject")), err)
	}
	return events, nil
}

// ours tells the archive's mails from all others. Comments that debbugs passes
// on keep their sender's header and are not the archive's own mails any more.
func ours(h mail.Header) bool {
	if h.Has("X-Debian-PR-Message") {
		return false
	}
	return strings.EqualFold(h.Get("X-Debian"), "DAK") || h.Has("X-DAK") || h.Has("X-Katie")
}
