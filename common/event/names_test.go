package event

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

func TestTopicGrammar(t *testing.T) {
	for topic, good := range map[string]bool{
		"debbugs.bug.create": true, "lists.mail.receive": true, "dak.package.source.accept": true, "x-1.2.3": true,
		"": false, "debbugs": false, "debbugs.create": false, "a.b.c.d.e": false, "a..c": false, ".b.c": false, "a.b.": false,
		"Debbugs.bug.create": false, "debbugs.bug.créer": false, "a.b c.d": false, "a.b_c.d": false, "a.b.c\n": false,
	} {
		if err := CheckTopic(topic); (err == nil) != good {
			t.Errorf("topic %q: %v", topic, err)
		}
	}
	for prefix, good := range map[string]bool{"org.debian": true, "bus": true, "": false, "org.": false, "org.Debian": false} {
		if err := CheckPrefix(prefix); (err == nil) != good {
			t.Errorf("prefix %q: %v", prefix, err)
		}
	}
}

func TestJoinTopic(t *testing.T) {
	for topic, want := range map[string]string{
		"dak.package.accept":                  "net.example.dev.dak.package.accept",
		"net.example.prod.dak.package.accept": "net.example.prod.dak.package.accept",
		"net.examples.x":                      "net.examples.x", // fedmsg looks for no dot
		"net.exam":                            "net.example.dev.net.exam",
	} {
		if got := JoinTopic("net.example", "dev", topic); got != want {
			t.Errorf("%q becomes %q, want %q", topic, got, want)
		}
	}
}

// TestUUIDsNeverChange holds the ids of known facts. They are compared across
// programs and years: a change here is a break with every journal.
func TestUUIDsNeverChange(t *testing.T) {
	for _, c := range []struct{ service, key, want string }{
		{"debbugs", "bug/123456/create", "5ce5836a-b072-5806-9908-2bac93541f70"},
		{"debbugs", "bug/123456/message/<x@example.org>", "5d59d44e-3ebd-58c6-886a-5daa27b4c5d8"},
		{"dak", "upload/kettle_1.4-2/source/accept", "2044b2c9-cba8-5609-9b36-57a02b5a82c5"},
		{"lists", "mail/žluťoučký", "0d25345c-30df-5ad9-a1f5-c3e361eb502c"},
		{"scm", "", "587e1f0d-2205-5286-8bcd-52e25b4d8d67"},
	} {
		if got := UUID(c.service, c.key); got.String() != c.want || got.Version() != 5 {
			t.Errorf("%s %s has the id %s, want %s", c.service, c.key, got, c.want)
		}
	}
	if UUID("a", "b/c") == UUID("a/b", "c") {
		t.Error("two facts have one id")
	}
}

func TestMessageIDs(t *testing.T) {
	newYear := time.Date(2026, 12, 31, 23, 30, 0, 0, time.FixedZone("", -3600)) // 2027 in UTC
	received := time.Date(2031, 5, 1, 0, 0, 0, 0, time.UTC)
	e := Event{Kind: bugCreate, Key: "bug/1/create", Time: newYear}
	u := UUID("debbugs", "bug/1/create")
	if got := e.ID(received); got != "2027-"+u.String() {
		t.Errorf("the id is %s", got)
	}
	e.Time = time.Time{}
	if got := e.ID(received); got != "2031-"+u.String() {
		t.Errorf("without a time the id is %s", got)
	}
	for year, want := range map[int]string{-5: "0000-", 800: "0800-", 12345: "9999-"} {
		if got := FormatID(time.Date(year, 6, 1, 0, 0, 0, 0, time.UTC), u); !strings.HasPrefix(got, want) || len(got) != 41 {
			t.Errorf("in %d the id is %s", year, got)
		}
	}
}

func TestIDUUID(t *testing.T) {
	const text = "0f3b5f2e-8f4f-4c4e-9a53-6f0a2d9c7b11"
	u := uuid.MustParse(text)
	for _, id := range []string{text, "2026-" + text, strings.ToUpper(text), "2026-" + strings.ToUpper(text)} {
		if got, err := IDUUID(id); err != nil || got != u {
			t.Errorf("%s is %s (%v)", id, got, err)
		}
	}
	for _, id := range []string{
		"", "2026-", "2026", "abcd-" + text, "2026_" + text, "202-" + text, "{" + text + "}", "urn:uuid:" + text,
		text[:35], text + "0", strings.ReplaceAll(text, "-", ""), "2026-" + strings.ReplaceAll(text, "-", ""),
	} {
		if got, err := IDUUID(id); err == nil {
			t.Errorf("%q was read as %s", id, got)
		}
	}
}
