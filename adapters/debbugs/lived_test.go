package debbugs

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"busbar/fixtures/bugtracker"
)

// lived is what the fixture's tracker mails and answers of bugs that come in
// every form: each is reported, commented, closed, forwarded or archived.
func lived(t *testing.T) recording {
	t.Helper()
	r := recording{logs: map[int]node{}}
	at := time.Date(2026, 3, 9, 10, 0, 0, 0, time.UTC)
	tracker := bugtracker.New(bugtracker.Options{First: 812001, Seed: 7, Clock: func() time.Time { at = at.Add(time.Second); return at },
		Mailed: func(mail []byte) { r.mails = append(r.mails, mail) },
		Packages: map[string]bugtracker.Package{
			"teapot": {Maintainer: "Zöe Baker <zoe@example.org>", Versions: []string{"3.1-1", "3.1-2"}},
			"kettle": {Source: "kettle-src", Maintainer: "Iris Weaver <iris@example.org>", Versions: []string{"2.0-1"}},
		}})
	n := 0
	letter := func(from, subject, body string) bugtracker.Letter {
		n++
		return bugtracker.Letter{From: from, Subject: subject, Body: body, MessageID: fmt.Sprintf("lived.%d@example.org", n)}
	}
	report := func(pkg, version, body string) int {
		return tracker.Report(bugtracker.Report{Package: pkg, Version: version, Severity: "important", Letter: letter("Nora Ortega <nora@example.org>", pkg+": drips — thé", body)})
	}
	raw := func(body string) int {
		return tracker.Report(bugtracker.Report{Letter: bugtracker.Letter{Raw: []byte("From: Nora Ortega <nora@example.org>\nTo: submit@bugs.debian.org\n" + body)}})
	}
	part := func(id, text string) string {
		return "Subject: with a patch\nMessage-ID: <" + id + "@example.org>\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"B\"\n\n" +
			"--B\n" + text + "\n--B\nContent-Type: text/x-diff\n\n+drip\n--B--\n"
	}
	bugs := []int{
		report("teapot", "3.1-1", "On every table.\n"), report("src:teapot", "", "On a boat.\n"), report("kettle", "2.0-1", "It whistles flat.\n"),
		report("teapot, kettle", "", "Both.\n"),
		raw(part("lived.patch", "Content-Type: text/plain\n\nPackage: teapot\nVersion: 3.1-1\n\nSee it.")),
		raw(part("lived.base64", "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\nUGFja2FnZTogdGVhcG90CgpUaMOpIQo=")),
		raw("Subject: =?iso-8859-1?Q?th=E9?=\nMessage-ID: <lived.latin1@example.org>\nMIME-Version: 1.0\nContent-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\nPackage: kettle\n\nTh=E9 froid.\n"),
	}
	for i, bug := range bugs {
		tracker.Mail(bug, "", letter("Eva Lind <eva@example.org>", "me too", "Here as well — ☕.\n"))
		tracker.Mail(bug, "quiet", letter("Eva Lind <eva@example.org>", "quietly", "Only for the log.\n"))
		switch i % 3 {
		case 0:
			tracker.Mail(bug, "done", letter("Zöe Baker <zoe@example.org>", "done", "Version: 3.1-2\n\nIt holds.\n"))
		case 1:
			l := letter("Zöe Baker <zoe@example.org>", "for you", "Please look.\n")
			l.To = "Upstream <dev@up.example.org>"
			tracker.Mail(bug, "forwarded", l)
		case 2:
			tracker.Control(letter("Zöe Baker <zoe@example.org>", "control", ""), fmt.Sprintf("close %d", bug), fmt.Sprintf("tags %d + patch", bug))
		}
	}
	tracker.Control(letter("Zöe Baker <zoe@example.org>", "away", ""), fmt.Sprintf("archive %d", bugs[0]))

	server := httptest.NewServer(tracker.Handler())
	defer server.Close()
	ask := func(method, args string) node {
		request := `<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:soapenc="http://schemas.xmlsoap.org/soap/encoding/"><soap:Body><` +
			method + ` xmlns="Debbugs/SOAP">` + args + `</` + method + `></soap:Body></soap:Envelope>`
		resp, err := http.Post(server.URL, "text/xml; charset=utf-8", strings.NewReader(request))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s %v %s", method, resp.Status, err, body)
		}
		return result(t, body)
	}
	items := ""
	for _, bug := range bugs {
		items += fmt.Sprintf(`<item xsi:type="xsd:int">%d</item>`, bug)
		r.logs[bug] = ask("get_bug_log", fmt.Sprintf(`<b xsi:type="xsd:int">%d</b>`, bug))
	}
	r.statuses = ask("get_status", fmt.Sprintf(`<bugs soapenc:arrayType="xsd:int[%d]">%s</bugs>`, len(bugs), items))
	return r
}
