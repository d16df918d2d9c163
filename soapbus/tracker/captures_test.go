package tracker

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"busbar/fixtures/corpus"
	"busbar/soapbus/soap"
)

// TestReplies: each reply that the fixtures hold, or the real tracker was seen to
// give, becomes typed values, or an error that says what it is; and what was
// seen, a fixture shows, too.
func TestReplies(t *testing.T) {
	c := corpus.Files(t, []string{"soap/*.http"}, "debbugs-soap/*.reply.http", "debbugs-soap/client-requests/*.reply.txt")
	own, seen := map[string]int{}, map[string]int{}
	for _, file := range c.Own {
		own[kind(t, file, true)]++
	}
	titles, names := map[int]string{}, map[int]string{}
	for _, file := range c.Captured {
		seen[kind(t, file, false)]++
		if strings.HasPrefix(filepath.Base(file), "get_status") {
			addTitles(t, file, titles, names)
		}
	}
	corpus.Covered(t, own, seen, nil)
	if len(c.Captured) > 0 {
		checkTitles(t, titles, names)
	}
	for what, n := range seen {
		t.Logf("%3d %s", n, what)
	}
}

// kind is what a reply is read as. A fixture may be broken on purpose: what is
// read of it then, its golden file says.
func kind(t *testing.T, file string, fixture bool) string {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	r, err := ReadReply(raw)
	name := filepath.Base(file)
	status, isStatus := errors.AsType[*soap.StatusError](err)
	switch {
	case isStatus:
		if !fixture && !strings.Contains(name, "http_get") && !strings.Contains(name, "private_function") {
			t.Errorf("%s: %v", name, status)
		}
		return "HTTP status without SOAP"
	case err != nil:
		if !fixture {
			t.Errorf("%s: %v", name, err)
		}
		return "error"
	case r.Fault != nil:
		if line := r.Fault.Error(); strings.Contains(line, "\n") || len(line) > 300 {
			t.Errorf("%s: %q is no line", name, line)
		}
		return "fault " + r.Fault.Code
	}
	if !fixture {
		readable(t, name, r)
	}
	return r.Method
}

// readable finds wrongly decoded text. One reporter's bytes truly are junk.
func readable(t *testing.T, file string, r Reply) {
	t.Helper()
	for _, s := range r.Statuses {
		for _, text := range []string{s.Title, s.Submitter, s.Done, s.Owner} {
			bad := strings.ContainsAny(text, "\uFFFDÃ") || !utf8.ValidString(text)
			if bad && !strings.Contains(s.MessageID, "raw8bit") {
				t.Errorf("%s: bug %d has wrongly decoded text: %q", file, s.Bug, text)
			}
		}
		if s.Bug == 0 || s.Title == "" || s.Submitter == "" || len(s.Packages) == 0 || s.Date == 0 || s.LogModified == 0 {
			t.Errorf("%s: bug %d lacks what each has: %+v", file, s.Bug, s)
		}
	}
	for _, e := range r.Log {
		if !strings.HasPrefix(string(e.Header), "Received: (at ") || !utf8.ValidString(e.Body) {
			t.Errorf("%s: message %d begins %.40q", file, e.Number, e.Header)
		}
	}
}

// addTitles gathers what is not ASCII, and what looks like another type.
func addTitles(t *testing.T, file string, titles, names map[int]string) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	r, err := ReadReply(raw)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	for _, s := range r.Statuses {
		titles[s.Bug], names[s.Bug] = s.Title, s.Submitter
	}
}

func checkTitles(t *testing.T, titles, names map[int]string) {
	t.Helper()
	for bug, want := range map[int]string{
		700001: "foo: crashes on startup — \u00fct\ufb008 [♥]", 700003: "bar: Ümlaute \u2703 élégantcafé",
		700028: "12345", 700029: "0123", 700030: "1.5",
	} {
		if titles[bug] != want {
			t.Errorf("the title of %d is %q, want %q", bug, titles[bug], want)
		}
	}
	if want := "Jürgen Müller <jm@example.org>"; names[700003] != want {
		t.Errorf("the submitter of 700003 is %q, want %q", names[700003], want)
	}
	t.Logf("%d bugs", len(titles))
}
