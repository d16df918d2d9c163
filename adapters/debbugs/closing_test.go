package debbugs

import (
	"strings"
	"testing"
)

func TestKeys(t *testing.T) {
	long := strings.Repeat("x", 251)
	for _, c := range []struct{ got, want string }{
		{CreateKey(7), "bug/7/create"},
		{CommentKey(7, "<a@example.org>"), "bug/7/message/a@example.org"},
		{CommentKey(7, "a@example.org"), "bug/7/message/a@example.org"},
		{CloseKey(7, "a@example.org"), "bug/7/close/a@example.org"},
		{ForwardKey(7, "a@example.org"), "bug/7/forward/a@example.org"},
		{Link(7), "https://bugs.debian.org/7"},
		{Link(0), ""},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
	if k := CommentKey(7, long); len(k) > 100 || k == CommentKey(7, long+"y") {
		t.Errorf("a long id makes the key %q", k)
	}
}

// notice builds a closing notice of debbugs around embedded mails.
func notice(kind, references string, embedded ...string) string {
	var b strings.Builder
	b.WriteString("X-Debian-PR-Message: " + kind + " 7\nMessage-ID: <handler.7.D7.177.ackdone@bugs.debian.org>\n" +
		"Subject: Bug#7: marked as done (teapot: drips (badly))\n" + references +
		"Content-Type: multipart/mixed; boundary=cup\n\n--cup\n\n#7: teapot: drips (badly)\n")
	for _, e := range embedded {
		b.WriteString("--cup\nContent-Type: message/rfc822\n\n" + e)
	}
	return b.String() + "--cup--\n"
}

const (
	theReport  = "Message-ID: <report@example.org>\nFrom: Nora <nora@example.org>\n\nPackage: teapot\nVersion: 1\n\n"
	theClosing = "Message-ID: <done@example.org>\nFrom: Soren <soren@example.net>\n\nVersion: 2\n\nDone.\n"
)

func TestClosing(t *testing.T) {
	const refs = "References: <done@example.org> <report@example.org>\n"
	for name, c := range map[string]struct{ mail, id, email, version string }{
		"closer's copy":    {notice("closed", refs, theReport, theClosing), "done@example.org", "soren@example.net", "2"},
		"submitter's copy": {notice("they-closed", refs, theClosing, theReport), "done@example.org", "soren@example.net", "2"},
		"other order":      {notice("closed", refs, theClosing, theReport), "done@example.org", "soren@example.net", "2"},
		"no references":    {notice("closed", "", theReport, theClosing), "done@example.org", "soren@example.net", "2"},
		"nothing embedded": {notice("closed", refs), "done@example.org", "", ""},
		"neither":          {notice("closed", ""), "handler.7.D7.177@bugs.debian.org", "", ""},
		"done by another": {notice("closed", refs, theReport, strings.Replace(theClosing, "Version: 2", "Source: teapot\nSource-Version: 3\nDone: Ren\xc3\xa9 <rene@example.net>", 1)),
			"done@example.org", "rene@example.net", "3"},
	} {
		o := run(t, load([]byte(c.mail)))
		if want := 2 + len(one(c.version)); len(o.Events) != want { // and the version
			t.Fatalf("%s: %d events, want %d: %+v", name, len(o.Events), want, o)
		}
		b := o.Events[0].Body.(Closed)
		if o.Events[0].Key != CloseKey(7, c.id) || b.DoneBy.Email != c.email || b.Version != c.version || b.Title != "teapot: drips (badly)" {
			t.Errorf("%s: key %s, %+v", name, o.Events[0].Key, b)
		}
	}
}

// What is told is what the tracker records, and nothing where that names the tracker.
func TestForwardedTo(t *testing.T) {
	for _, c := range []struct{ fields, to string }{
		{"To: B <b@example.net>\nCc: 7-forwarded@bugs.debian.org, c@example.net\n", "B <b@example.net>"},
		{"To: b@example.net, C <c@example.net>\n", "b@example.net, C <c@example.net>"},
		{"To: 7-forwarded@bugs.debian.org, a@example.net\nCc: B <b@example.net>\n", ""},
		{"To: 7-forwarded@bugs.debian.org\nCc: b@example.net\n", ""},
		{"To: \"Bee, B\" <b@example.net>\n", "\"Bee, B\" <b@example.net>"},
		{"To: =?UTF-8?Q?Ren=C3=A9?= <r@example.net>\n", "René <r@example.net>"},
		{"To: a@example.net\nTo: b@example.net\n", "b@example.net"},
		{"To: https://example.net/issues/7\n", "https://example.net/issues/7"},
		{"Cc: b@example.net\n", ""},
		{"", ""},
	} {
		o := run(t, load([]byte(strings.Replace(notice("forwarded", "", "Message-ID: <f@example.org>\n"+c.fields+"\nx\n"), "marked as done", "marked as forwarded", 1))))
		if len(o.Events) != 1 || o.Events[0].Body.(Forwarded).To != c.to {
			t.Errorf("%q: got %+v, want %q", c.fields, o, c.to)
		}
	}
}

func TestPatches(t *testing.T) {
	const head = "X-Debian-PR-Message: report 7\nX-Debian-PR-Keywords: "
	const body = "\nContent-Type: multipart/mixed; boundary=cup\n\n--cup\n\nsee\n--cup\nContent-Type: text/x-diff\n\n--- a\n+++ b\n--cup--\n"
	for tags, want := range map[string]int{"patch": 1, "upstream patch": 1, "upstream": 0} {
		o := run(t, load([]byte(head+tags+body)))
		if len(o.Events) != 2 {
			t.Fatalf("%+v", o)
		}
		if got := o.Events[1].Body.(Debmessenger).Patches; len(got) != want {
			t.Errorf("tagged %s: patches %q, want %d", tags, got, want)
		}
	}
}

func TestLongTextIsCut(t *testing.T) {
	o := run(t, load([]byte("X-Debian-PR-Message: report 7\nContent-Type: text/plain; charset=utf-8\n\n"+strings.Repeat("é", 40000))))
	if b := o.Events[0].Body.(Created); !b.Truncated || len(b.Body) != maxText || strings.Contains(b.Body, "\ufffd") {
		t.Errorf("truncated %v, %d bytes", b.Truncated, len(b.Body))
	}
}
