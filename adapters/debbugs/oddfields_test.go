package debbugs

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"busbar/common/event"
	"busbar/fixtures/bugtracker"
	"busbar/fixtures/cases"
)

// usual are a mail's fields, and odd the other ways to write one of them; %d
// tells the mails apart.
var (
	usual = [][2]string{{"From", "From: Nora Ortega <nora@example.org>\n"}, {"To", "To: up@example.com\n"}, {"Subject", "Subject: Re: [it] drips\n"},
		{"Date", "Date: Mon, 09 Mar 2026 10:00:00 +0000\n"}, {"Message-ID", "Message-ID: <kettle.%d@example.org>\n"}, {"more", ""}}
	odd = map[string][]string{
		"From": {"", "From:\n", "From: nora@example.org\n", "From: \"Ortega, Nora\" <nora@example.org>\n", "From: nora@example.org (Nora)\n",
			"From: =?iso-8859-1?Q?N=F6ra?= <nora@example.org>\n", "From: N\xf6ra <nora@example.org>\n", "From: Nöra <nora@example.org>\n",
			"From: Nora <nora@example.org>, Bo <bo@example.org>\n", "From: Nora\n", "From: Nora\n <nora@example.org>\n", "From: undisclosed:;\n",
			"From: Nora <\"no ra\"@example.org>\n", "From: Nora <nora@bücher.example>\n", "From: Nora <nora@example.org>\nFrom: Bo <bo@example.org>\n",
			"From: Nora <nora@example.org>\nReply-To: Bo <bo@example.org>\n", "From: Nora <nora@example.org>\nResent-From: Bo <bo@example.org>\n"},
		"Subject": {"", "Subject:\n", "Subject: Bug#7001: drips\n", "Subject: Re: Bug#7001: Re: re: drips\n", "Subject: =?utf-8?q?dr=C3=AFps?=\n",
			"Subject: dr\xefps\n", "Subject: a\n b\n\tc\n", "Subject: " + strings.Repeat("long ", 400) + "\n", "Subject: one\nSubject: two\n"},
		"Date": {"", "Date: rubbish\n", "Date: Mon, 09 Mar 0026 10:00:00 +0000\n", "Date: 9 Mar 26 10:00 EST\n", "Date: Mon, 09 Mar 2026\n 10:00:00 +0000 (a\n comment)\n"},
		"Message-ID": {"Message-ID: <kettle.%d@example.org>\nMessage-ID: <other.%d@example.org>\n", "Message-ID: <kettle.%d@example.org\n",
			"Message-ID: kettle.%d@example.org>\n", "Message-ID: <<kettle.%d@example.org>>\n", "Message-ID: <ket\ttle.%d@example.org>\n",
			"Message-ID: <kettle\x00%d@example.org>\n", "Message-ID: <handler.7001.%d@bugs.debian.org>\n", "Message-ID: <a<b.%d>c@x>\n"},
		"more": {"References: <r1@example.org>\n", "In-Reply-To: <r1@example.org>\nReferences: <a@x> <r1@example.org>\n", "List-Id: <x.example.org>\n",
			"X-Debian-PR-Message: closed 5\n", "X-Loop: owner@bugs.debian.org\n", "Received: (at 5-done) by bugs.debian.org; 9 Mar 2026 10:00:00 +0000\n",
			"Resent-Message-ID: <handler.7001.B7001.5@bugs.debian.org>\n", "Content-Type: text/plain; charset=x-none\n", "Cc: 7001-done@bugs.debian.org\n"},
	}
)

// Mails and SOAP tell the same of a mail whose fields are odd, with an id of its
// own and without one.
func TestOddFields(t *testing.T) {
	tried := 0
	for field, forms := range odd {
		for _, form := range forms {
			for _, named := range []bool{true, false} {
				head := ""
				for _, f := range usual {
					switch {
					case f[0] == "Message-ID" && !named:
					case f[0] == field:
						head += form
					default:
						head += f[1]
					}
				}
				for i, address := range []string{"7001", "7001-submitter", "7001-maintonly", "7001-done", "7001-forwarded", "control", "submit"} {
					if (i+len(form))%cases.Of(3, 1) != 0 {
						continue
					}
					tried++
					oddFields(t, address, head)
				}
			}
		}
	}
	t.Logf("%d mails, twice each", tried)
}

func oddFields(t *testing.T, address, head string) {
	var mailed []event.Event
	tr := bugtracker.New(bugtracker.Options{First: 7001, Clock: func() time.Time { return time.Date(2026, 3, 9, 10, 0, 0, 0, time.UTC) },
		Mailed: func(raw []byte) { mailed = append(mailed, run(t, load(raw)).Events...) }})
	tr.Report(bugtracker.Report{Package: "teapot", Letter: bugtracker.Letter{From: "Ann <ann@example.com>", MessageID: "r1@example.org", Subject: "drips", Body: "Ann's words.\n"}})
	mailed = nil
	for n := range 2 {
		body := map[string]string{"submit": "Package: teapot\n\n", "7001-done": fmt.Sprintf("Version: 1.%d\n\n", n), "control": fmt.Sprintf("reopen 7001\nclose 7001 1.%d\n", n)}[address]
		tr.Send(address, bugtracker.Letter{Raw: []byte(strings.ReplaceAll(head, "%d", fmt.Sprint(n)) + "\n" + body + fmt.Sprintf("disk %d failed\n", n))})
	}
	told := map[string]event.Event{}
	for n := 7001; n < 7004; n++ {
		if st, ok := tr.Status(n); ok {
			for _, e := range tell(t, Change{Bug: n, After: &Status{Bug: n, MessageID: st.MessageID, Done: st.Done, Forwarded: st.Forwarded}, Log: entries(tr.Log(n))}) {
				told[e.Key] = e
			}
		}
	}
	if len(mailed) == 0 && address != "7001-forwarded" {
		t.Errorf("%s %q: nothing by mail", address, head)
	}
	for _, e := range mailed {
		if e.Kind.Family != "" || !sameID(e) || answered(e) { // whom the tracker answers is not always who wrote
			continue
		}
		who, text, id := outlineOf(e)
		also, there := told[e.Key]
		if !there {
			t.Errorf("%s %q: by mail alone: %s %q", address, head, e.Kind.Topic, e.Key)
			continue
		}
		if soapWho, soapText, soapID := outlineOf(also); who != soapWho || strings.TrimSpace(text) != strings.TrimSpace(soapText) || id != soapID {
			t.Errorf("%s %q: by mail %q %q %q, by SOAP %q %q %q", address, head, who, text, id, soapWho, soapText, soapID)
		}
		if strings.Contains(text, "Ann") || who.Email == "ann@example.com" || strings.Contains(who.Email, "bugs.debian.org") {
			t.Errorf("%s %q: told of %v: %q", address, head, who, text)
		}
	}
}
