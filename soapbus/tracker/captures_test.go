package tracker

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"busbar/soapbus/soap"
)

const captures = "../../../shared/captures/debbugs-soap"

// TestCaptures: each reply of the real tracker becomes typed values, or an
// error that says what it is.
func TestCaptures(t *testing.T) {
	files, _ := filepath.Glob(captures + "/*.reply.http")
	more, _ := filepath.Glob(captures + "/client-requests/*.reply.txt")
	files = append(files, more...)
	if len(files) == 0 {
		t.Skipf("no captures in %s", captures)
	}
	counts := map[string]int{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		r, err := ReadReply(raw)
		status, isStatus := errors.AsType[*soap.StatusError](err)
		switch {
		case isStatus:
			counts["HTTP status without SOAP"]++
			if !strings.Contains(file, "http_get") && !strings.Contains(file, "private_function") {
				t.Errorf("%s: %v", filepath.Base(file), status)
			}
		case err != nil:
			t.Errorf("%s: %v", filepath.Base(file), err)
		case r.Fault != nil:
			counts["fault "+r.Fault.Code]++
			if line := r.Fault.Error(); strings.Contains(line, "\n") || len(line) > 300 {
				t.Errorf("%s: %q is no line", filepath.Base(file), line)
			}
		default:
			counts[r.Method]++
			readable(t, filepath.Base(file), r)
		}
		counts["all"]++
	}
	for what, n := range counts {
		t.Logf("%3d %s", n, what)
	}
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

// TestCapturedTitles: what is not ASCII, and what looks like another type.
func TestCapturedTitles(t *testing.T) {
	titles := map[int]string{}
	names := map[int]string{}
	files, _ := filepath.Glob(captures + "/get_status*.reply.http")
	if len(files) == 0 {
		t.Skipf("no captures in %s", captures)
	}
	for _, file := range files {
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
