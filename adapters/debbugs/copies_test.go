package debbugs

import (
	"os"
	"slices"
	"strings"
	"testing"

	"busbar/common/event"
)

func fixtureEvents(t *testing.T, name string) []event.Event {
	t.Helper()
	raw, err := os.ReadFile(fixtures + "/" + name + ".mail")
	if err != nil {
		t.Fatal(err)
	}
	o := run(t, load(raw))
	if len(o.Events) == 0 {
		t.Fatalf("%s: %+v", name, o)
	}
	return o.Events
}

// A list's copy of an answer, with the list's fields and footer, tells the same facts
// with the same ids and the same substance.
func TestCopiesOfAnAnswer(t *testing.T) {
	first, second := fixtureEvents(t, "control-copy"), fixtureEvents(t, "control-copy-by-list")
	if len(first) != len(second) {
		t.Fatalf("%d facts, and %d", len(first), len(second))
	}
	for i, e := range first {
		if e.UUID() != second[i].UUID() || !slices.Equal(event.SubstanceOf(e.Kind, e.Body), event.SubstanceOf(second[i].Kind, second[i].Body)) {
			t.Errorf("%s and %s", e.Key, second[i].Key)
		}
	}
}

// The notice about a new submitter tells the fact that the answer to the command
// tells, also where it is escaped for HTML.
func TestSubmitterOnce(t *testing.T) {
	notice := fixtureEvents(t, "submitter-changed-escaped")[0]
	for _, e := range fixtureEvents(t, "control-fields") {
		if e.Kind == submitterKind {
			if e.UUID() != notice.UUID() {
				t.Errorf("the answer says %s, the notice %s", e.Key, notice.Key)
			}
			return
		}
	}
	t.Error("the answer tells no submitter")
}

// The answer to a command that closes a bug and the notice about it tell one closing.
func TestClosedOnce(t *testing.T) {
	notice := fixtureEvents(t, "closed-by-control")[0]
	id := notice.Body.(Closed).MessageID
	answer := "X-Debian-PR-Message: transcript\nReferences: <" + id + ">\nTo: " + notice.Body.(Closed).Person.Email + "\n\n" +
		"Processing commands for control@bugs.debian.org:\n\n> close 1\nBug #" + digits([]int{notice.Body.(Closed).Bug.Bug})[0] +
		" [teapot] drips\nMarked Bug as done\n>\nEnd of message, stopping processing here.\n"
	e := run(t, load([]byte(answer))).Events[0]
	if e.UUID() != notice.UUID() || !slices.Equal(event.SubstanceOf(e.Kind, e.Body), event.SubstanceOf(notice.Kind, notice.Body)) {
		t.Errorf("the answer says %s of %v, the notice %s of %v", e.Key, e.Body.(Closed).Person, notice.Key, notice.Body.(Closed).Person)
	}
}

// One mail that went to several bugs has an answer for each, and what they say of a
// third bug are several facts.
func TestOneMailToSeveralBugs(t *testing.T) {
	answer := func(bug, id string) []event.Event {
		return run(t, load([]byte("X-Debian-PR-Message: transcript\nMessage-ID: <handler.s.B."+id+".transcript@bugs.debian.org>\nReferences: <both@example.org>\n\n"+
			"Processing control commands:\n\n> block 9 by -1\nBug #9 [teapot] drips\nAdded blocking bug(s) of 9: "+bug+"\n\n-- \n9: x\nDebian Bug Tracking System\nx\n"))).Events
	}
	seen := map[string]bool{}
	for _, e := range slices.Concat(answer("1", "a"), answer("2", "b")) {
		if seen[e.Key] {
			t.Errorf("%s is there twice", e.Key)
		}
		seen[e.Key] = true
	}
	if len(seen) != 4 {
		t.Errorf("%d facts, want 4: %v", len(seen), seen)
	}
}

// Nothing private of a refused mail or a subscriber is told.
func TestNothingPrivate(t *testing.T) {
	for _, name := range []string{"error-unknown-bug", "error-no-number", "error-no-package", "subscription", "subscription-confirmed", "unsubscription"} {
		for _, e := range fixtureEvents(t, name) {
			body, err := event.CanonicalOf(e.Body)
			if err != nil {
				t.Fatal(err)
			}
			for _, private := range []string{"example.org", "Nora", "leaks", "mended"} {
				if strings.Contains(string(body)+e.Title()+e.Key, private) {
					t.Errorf("%s tells %q: %s %s", name, private, body, e.Key)
				}
			}
		}
	}
}

// A transcript that is more than one item may become is kept, not told in part.
func TestLongTranscript(t *testing.T) {
	long := func(n int) string {
		return "X-Debian-PR-Message: transcript\nReferences: <long@example.org>\n\nProcessing commands for control@bugs.debian.org:\n\n" +
			strings.Repeat("> tag 7 + patch\nBug #7 [teapot] drips\nAdded tag(s) patch.\n", n) + "Stopping processing here.\n"
	}
	if o := run(t, load([]byte(long(900)))); len(o.Events) != 901 {
		t.Errorf("%d events, %q", len(o.Events), o.Poison)
	}
	if o := run(t, load([]byte(long(1200)))); !strings.Contains(o.Poison, "more than one item may become") {
		t.Errorf("%d events, %q", len(o.Events), o.Poison)
	}
	if o := run(t, load([]byte(long(15_000)))); o.Poison == "" {
		t.Errorf("%d events", len(o.Events))
	}
	for _, bugs := range []int{900, 60_000} {
		merged := "Merged" + strings.Repeat(" 700001", bugs)
		for n := range 900 {
			merged += " " + digits([]int{700000 + n})[0]
		}
		shown := strings.Repeat("Bug #7 [teapot] drips\n", bugs/10)
		if o := run(t, load([]byte(strings.Replace(long(1), "Stopping", "> merge 700001 700002\n"+shown+merged+"\nStopping", 1)))); o.Poison == "" {
			t.Errorf("a merge of %d bugs is %d events", bugs, len(o.Events))
		}
	}
}

// FuzzTranscript holds the reading of answers to the contract, whatever stands in them.
func FuzzTranscript(f *testing.F) {
	f.Add("> severity 7 grave\nBug #7 [teapot] drips\nSeverity set to 'grave' from 'minor'\n", true)
	f.Add("> usertags 7 + a\nUser is a@example.org\nThere were no usertags set.\nUsertags are now: a.\n", false)
	f.Add("> forcemerge 7 8\nBug #7 [teapot] drips\nBug #8 [teapot] x\nOwner recorded as x.\nOwner recorded as x.\nBug #9 [a] x\nMerged 7 8 9\n", false)
	for _, e := range []string{"Changed Bug title to 'a' from 'b'.", "Bug 7 cloned as bugs 8-9 and 11", "Marked as found in versions 1; no longer marked as fixed in versions 2 and reopened."} {
		f.Add("> clone 7 -1 -2 -3\nBug #7 {Done: x} [teapot,kettle] drips\n"+e+"\n", true)
	}
	f.Fuzz(func(t *testing.T, body string, references bool) {
		head := "X-Debian-PR-Message: transcript\nTo: Nora <nora@example.org>\nMessage-ID: <handler.s.C.1.transcript@bugs.debian.org>\n"
		if references {
			head += "References: <commands@example.org>\n"
		}
		raw := head + "Content-Type: text/plain; charset=utf-8\n\nProcessing commands for control@bugs.debian.org:\n\n" + body + "\nStopping processing here.\n"
		checkMail(t, raw)
	})
}

// FuzzPseudo holds the reading of pseudo-headers to it.
func FuzzPseudo(f *testing.F) {
	f.Add("Package: teapot\nVersion: 1\nOwner: a@example.org\nUser: b@example.org\nUsertags: x, y z\nForwarded: https://example.org\n\nText\n", "report")
	f.Add("Source: teapot\nSource-Version: 2\nDone: x\n", "followup")
	f.Add("--- a\n+++ b\n@@ -1 +1 @@\n", "followup")
	f.Fuzz(func(t *testing.T, body, kind string) {
		checkMail(t, "X-Debian-PR-Message: "+map[bool]string{true: "report", false: "followup"}[kind == "report"]+" 7\nMessage-ID: <a@example.org>\nFrom: a@example.org\n\n"+body)
	})
}
