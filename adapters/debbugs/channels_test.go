package debbugs

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"busbar/common/event"
	"busbar/fixtures/bugtracker"
)

// idForms are how a mail's sender may write its Message-ID, if at all; %d tells
// the mails apart. What it stands for is none of them that another form has.
var idForms = map[string]string{
	"plain":             "Message-ID: <kettle.%d@example.org>\n",
	"no field":          "",
	"empty":             "Message-ID:\n",
	"empty brackets":    "Message-ID: <>\n",
	"no brackets":       "Message-ID: kettle.%d@example.org\n",
	"blanks":            "Message-ID: <a kettle %d@example.org>\n",
	"blanks, bare":      "Message-ID: my kettle %d\n",
	"comment":           "Message-ID: <kettle.%d@example.org> (a kettle's)\n",
	"encoded word":      "Message-ID: =?UTF-8?Q?<k=C3=A9ttle.%d@example.org>?=\n",
	"another's charset": "Message-ID: =?iso-8859-1?Q?<k=E9ttle.%d@example.org>?=\n",
	"encoded ASCII":     "Message-ID: =?us-ascii?Q?=3Ckettle?= =?us-ascii?Q?.%d@example.org=3E?=\n",
	"UTF-8":             "Message-ID: <kéttle.%d@example.org>\n",
	"UTF-8 pieces":      "Message-ID: <ké ttlé.%d (é)@example.org>\n",
	"quoted UTF-8":      "Message-ID: <\"kéttle.%d\"@example.org>\n",
	"Latin-1":           "Message-ID: <k\xe9ttle.%d@example.org>\n",
	"no text at all":    "Message-ID: <k\xff\xfettle.%d@example.org>\n",
	"long":              "Message-ID: <" + strings.Repeat("kettle", 50) + ".%d@example.org>\n",
	"claims a digest":   "Message-ID: <sha256:%064d>\n",
	"other letters":     "MESSAGE-ID: <kettle.%d@example.org>\n",
	"folded":            "Message-ID:\n <kettle.%d@example.org>\n",
}

// letters writes mails that differ in their number alone, or in their text.
func letter(form, to string, n int, body string) bugtracker.Letter {
	id := idForms[form]
	if strings.Contains(id, "%") {
		id = fmt.Sprintf(id, n)
	}
	return bugtracker.Letter{Raw: []byte("From: Nora Ørtega <nora@example.org>\nTo: " + to + "\n" + id +
		"Subject: Re: [it] drips — again\nDate: Mon, 09 Mar 2026 10:00:00 +0000\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n" + body)}
}

// Mails and SOAP tell the same facts with the same ids, whatever the mails' ids
// look like and whether they have any, and of each the person and the text.
func TestChannelsAgree(t *testing.T) {
	addresses := []string{"7001", "7001-submit", "7001-submitter", "7001-maintonly", "7001-quiet", "7001-done", "7001-close", "7001-forwarded", "control", "submit"}
	for form := range idForms {
		for _, address := range addresses {
			t.Run(form+"/"+address, func(t *testing.T) { channels(t, form, address) })
		}
	}
	t.Logf("%d forms at %d addresses", len(idForms), len(addresses))
}

func channels(t *testing.T, form, address string) {
	var mailed []event.Event
	tr := bugtracker.New(bugtracker.Options{First: 7001, Clock: func() time.Time { return time.Date(2026, 3, 9, 10, 0, 0, 0, time.UTC) },
		Mailed: func(raw []byte) { mailed = append(mailed, run(t, load(raw)).Events...) }})
	tr.Report(bugtracker.Report{Package: "teapot", Letter: bugtracker.Letter{From: "Ann <ann@example.com>", MessageID: "r1@example.org", Subject: "drips", Body: "Ann's words.\n"}})
	mailed = nil
	for n, body := range []string{"disk 1 failed\n", "disk 2 failed\n"} {
		switch address {
		case "submit":
			body = "Package: teapot\n\n" + body
		case "7001-done", "7001-close":
			body = fmt.Sprintf("Version: 1.%d\n\n%s", n, body) // or the second is a comment that is not mailed
		case "control":
			body = fmt.Sprintf("reopen 7001\nclose 7001 1.%d\n", n)
		}
		tr.Send(address, letter(form, "up@example.com", n, body))
	}
	told := map[string]event.Event{}
	for n := 7001; n < 7004; n++ {
		if st, ok := tr.Status(n); ok {
			for _, e := range tell(t, Change{Bug: n, After: &Status{Bug: n, MessageID: st.MessageID, Done: st.Done, Forwarded: st.Forwarded}, Log: entries(tr.Log(n))}) {
				told[e.Key] = e
			}
		}
	}
	keys := map[string]bool{}
	for _, e := range mailed {
		if e.Kind.Family != "" || !sameID(e) {
			continue
		}
		keys[e.Key] = true
		who, text, id := outlineOf(e)
		also, there := told[e.Key]
		if !there {
			t.Errorf("by mail alone: %s %q", e.Kind.Topic, e.Key)
			continue
		}
		if answered(e) { // it has no text, and the name in the encoding of an address
			soapWho, soapText, _ := outlineOf(also)
			who.Name, text = soapWho.Name, soapText
		}
		if soapWho, soapText, soapID := outlineOf(also); who != soapWho || strings.TrimSpace(text) != strings.TrimSpace(soapText) || id != soapID {
			t.Errorf("%q: by mail %q %q %q, by SOAP %q %q %q", e.Key, who, text, id, soapWho, soapText, soapID)
		}
		if who.Email != "nora@example.org" || strings.Contains(text, "Ann") {
			t.Errorf("%q: told of %v: %q", e.Key, who, text)
		}
	}
	want := map[string]int{"7001-quiet": 0, "7001-forwarded": 1}[address]
	if _, fewer := map[string]int{"7001-quiet": 0, "7001-forwarded": 1}[address]; !fewer {
		want = 2
	}
	if len(keys) != want {
		t.Errorf("%d facts by mail, want %d: %q", len(keys), want, slices.Collect(mapsKeys(keys)))
	}
	nora := 0
	for _, e := range told {
		if who, _, _ := outlineOf(e); who.Email == "nora@example.org" {
			nora++
		}
	}
	if nora < 2 {
		t.Errorf("SOAP tells %d facts of two mails", nora)
	}
}

func mapsKeys(m map[string]bool) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// answered tells a closing that the answer to a command tells of.
func answered(e event.Event) bool {
	c, ok := e.Body.(Closed)
	return ok && c.Body == ""
}

// entries is a log as SOAP answers it.
func entries(log []bugtracker.Message) (all []Entry) {
	for _, m := range log {
		head, body, _ := strings.Cut(string(m.Raw), "\n\n")
		all = append(all, Entry{Number: m.Number, Header: []byte(head), Body: strings.TrimSuffix(body, "\n")})
	}
	return all
}

func outlineOf(e event.Event) (who event.Person, text, id string) {
	switch b := e.Body.(type) {
	case Created:
		return b.Person, b.Body, b.MessageID
	case Commented:
		return b.Person, b.Body, b.MessageID
	case Closed:
		return b.Person, b.Body, b.MessageID
	case Forwarded:
		return b.Person, b.Body, b.MessageID
	}
	return who, "", ""
}
