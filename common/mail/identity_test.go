package mail

import (
	"strings"
	"testing"
)

// TestIdentity: copies of a mail have one identity, other mails have others, and
// nobody can claim the digest of another's.
func TestIdentity(t *testing.T) {
	const head = "Subject: tea\nDate: Mon, 02 Mar 2026 10:00:00 +0000\n"
	of := func(head, text string) string { return Parse([]byte(head+"\n"+text), Limits{}).Identity(text) }
	bare := of(head, "a")
	for name, c := range map[string]struct {
		got, want string
		same      bool
	}{
		"its own id":           {of(head+"Message-ID: <a@example.org>\n", "a"), "a@example.org", true},
		"another way":          {of("Received: x\n"+head+"Message-ID: <a@example.org>\n", "b"), "a@example.org", true},
		"without an id, again": {of("Received: x\n"+head, "a"), bare, true},
		"another text":         {of(head, "b"), bare, false},
		"another day":          {of("Subject: tea\nDate: Tue, 03 Mar 2026 10:00:00 +0000\n", "a"), bare, false},
		"a claimed digest":     {of(head+"Message-ID: <"+bare+">\n", "a"), bare, false},
		"moved border":         {of("Subject: teaa\nDate: Mon, 02 Mar 2026 10:00:00 +0000\n", ""), bare, false},
	} {
		if (c.got == c.want) != c.same {
			t.Errorf("%s: %q and %q", name, c.got, c.want)
		}
	}
	long := of(head+"Message-ID: <"+strings.Repeat("x", 5000)+"@example.org>\n", "")
	if len(long) > 100 || !strings.HasPrefix(long, digestMark) {
		t.Errorf("of a long id is made %q", long)
	}
	if of(head+"Message-ID: <\xe9@example.org>\n", "") == of(head+"Message-ID: <\xc3\xa9@example.org>\n", "") {
		t.Error("two ids of other bytes are one")
	}
}
