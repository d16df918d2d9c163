package debbugs

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"busbar/adapters/adaptertest"
	"busbar/common/event"
	"busbar/common/mail"
	"busbar/common/translate"
	"busbar/fixtures/bugtracker"
)

// Whatever the tracker mails out becomes the event that it means, under the id
// that the mail's own Message-ID gives; what it keeps quiet about has no mail.
func TestTrackerMails(t *testing.T) {
	var mails [][]byte
	at := time.Date(2026, 3, 9, 10, 0, 0, 0, time.UTC)
	tr := bugtracker.New(bugtracker.Options{First: 7001, Clock: func() time.Time { at = at.Add(time.Second); return at },
		Mailed: func(m []byte) { mails = append(mails, m) },
		Packages: map[string]bugtracker.Package{
			"teapot": {Maintainer: "Søren Åkesson <soren@example.net>", Versions: []string{"3.1-1", "3.1-2"}}}})
	letter := func(id, subject string) bugtracker.Letter {
		return bugtracker.Letter{From: "Nora Ørtega <nora@example.org>", MessageID: id, Subject: subject, Body: "It drips — always.\n"}
	}
	mail2 := func(to, id string) func() {
		return func() { tr.Mail(7001, to, letter(id, "Re: drips — on every table")) }
	}
	control := func(id string, commands ...string) func() {
		return func() { tr.Control(letter(id, "tidying"), commands...) }
	}
	report := func(id, to string) func() {
		return func() {
			tr.Report(bugtracker.Report{Package: "teapot", Version: "3.1-1", Severity: "minor", Tags: []string{"patch"},
				To: to, Letter: letter(id, "teapot: drips — on every table, which is a long title of many words")})
		}
	}
	for _, c := range []struct {
		name string
		do   func()
		want []string // keys of events, reasons, or in brief what an answer to commands tells
	}{
		{"report", report("r1", ""), []string{CreateKey(7001)}},
		{"quiet report", report("r2", "quiet"), nil},
		{"report to maintainers", report("r3", "maintonly"), []string{CreateKey(7003)}},
		{"comment", mail2("", "c1"), []string{CommentKey(7001, "c1")}},
		{"quiet comment", mail2("quiet", "c2"), nil},
		{"comment to maintainers", mail2("maintonly", "c3"), []string{CommentKey(7001, "c3")}},
		{"comment to submitter", mail2("submitter", "c4"), []string{CommentKey(7001, "c4")}},
		{"forwarded", func() {
			l := letter("f1", "it drips")
			l.To, l.Cc = "Potters <bugs@potters.example.net>", "7001-forwarded@bugs.debian.org"
			tr.Mail(7001, "forwarded", l)
		}, []string{ForwardKey(7001, "f1")}},
		{"forwarded again", mail2("forwarded", "f2"), nil},
		{"severity", control("k1", "severity 7001 serious"), []string{"severity 7001 minor > serious"}},
		{"severity again", control("k2", "severity 7001 serious"), nil},
		{"usertag", control("k3", "user nora@example.org", "usertag 7001 + leaky"), nil},
		{"submitter", control("k4", "submitter 7002 x@example.org"), []string{"submitter 7002 nora@example.org > x@example.org", "submitter 7002 nora@example.org > x@example.org"}},
		{"merge", control("k5", "forcemerge 7001 7002"), []string{"severity 7002 minor > serious; forward 7002 - > Potters <bugs@potters.example.net>; merge 7001 7002; merge 7002 7001"}},
		{"done, both", mail2("done", "d1"), []string{CloseKey(7001, "d1"), CloseKey(7001, "d1"), CloseKey(7002, "d1"), CloseKey(7002, "d1")}},
		{"done again", mail2("done", "d2"), nil},
		{"closed by control", control("k6", "close 7003 3.1-2"), []string{CloseKey(7003, "k6"), "fixed 7003 +teapot/3.1-2; close 7003 teapot/3.1-2"}},
		{"expired", func() { tr.Expire(7003) }, nil},
		{"comment on what is archived", func() { tr.Mail(7003, "", letter("c5", "hello?")) }, nil},
		{"unarchived", control("k7", "unarchive 7003"), []string{"unarchive 7003"}},
		{"with commands", func() {
			l := letter("c6", "and louder")
			l.Body = "Control: retitle -1 drips\n\nDrip.\n"
			tr.Mail(7003, "", l)
		}, []string{CommentKey(7003, "c6"), "title 7003 teapot: drips — on every table, which is a long title of many words > drips"}},
		{"deleted", func() { tr.Delete(7003) }, nil},
	} {
		mails = nil
		c.do()
		var got []string
		for _, raw := range mails {
			m := load(raw)
			adaptertest.Check(t, Translator(), translate.Item[*mail.Message]{Value: m})
			o := run(t, m)
			if kind := m.Header.Get("X-Debian-PR-Message"); len(o.Events) > 0 {
				said := o.Events[0].Key
				if kind == "transcript" || strings.HasPrefix(kind, "submitter") {
					said = briefly(o.Events)
				}
				got = append(got, said)
				if want := wanted(m); want != "debbugs.control.process" && o.Events[0].Kind.Topic != want {
					t.Errorf("%s: a %s, want a %s", c.name, o.Events[0].Kind.Topic, want)
				}
				readable(t, c.name, o.Events[0])
				if !strings.Contains(fmt.Sprint(o.Events[0].Body), "Nora Ørtega") {
					t.Errorf("%s: nobody did it: %+v", c.name, o.Events[0].Body)
				}
			} else {
				got = append(got, o.Skip+o.Poison)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: mails mean %q, want %q", c.name, got, c.want)
		}
	}
}

// briefly is what an answer to commands tells, without itself.
func briefly(events []event.Event) string {
	var all []string
	for _, e := range events {
		if e.Kind != processKind {
			all = append(all, brief(e))
		}
	}
	return strings.Join(all, "; ")
}

// The log that the tracker's SOAP interface answers holds the mails that it
// passed on: as many, and with the same ids.
func TestTrackerLog(t *testing.T) {
	var passed []string
	tr := bugtracker.New(bugtracker.Options{Mailed: func(raw []byte) {
		passed = append(passed, load(raw).Header.MessageID("Message-ID"))
	}})
	n := tr.Report(bugtracker.Report{Package: "teapot", Letter: bugtracker.Letter{MessageID: "r1@example.org", Subject: "drips"}})
	for _, id := range []string{"c1@example.org", "c2@example.org"} {
		tr.Mail(n, "", bugtracker.Letter{MessageID: id, Body: "Yes.\n"})
	}
	var logged []string
	for _, m := range tr.Log(n) {
		logged = append(logged, load(m.Raw).Header.MessageID("Message-ID"))
	}
	if !slices.Equal(logged, passed) {
		t.Errorf("logged %q, passed on %q", logged, passed)
	}
}
