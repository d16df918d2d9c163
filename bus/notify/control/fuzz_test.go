package control

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"busbar/bus/notify/outbox"
	"busbar/bus/notify/self"
	"busbar/common/mail"
)

// FuzzParse: what is to be confirmed is stored as text, and means the same when the code
// comes back.
func FuzzParse(f *testing.F) {
	for _, line := range []string{"subscribe hello", "subscribe src:Hello Jane@Example.org", "keyword hello = bts, build", "tags + bts jane@example.org", "keywordall -", "unsubscribeall x@y", "keyword", "which", "subscribe = = ="} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		words := strings.Fields(line)
		if len(words) == 0 {
			return
		}
		name := strings.ToLower(words[0])
		c, address, err := parse(name, words[1:])
		if err != nil {
			if _, ours := err.(self.Refusal); !ours {
				t.Errorf("%q: %v", line, err)
			}
			return
		}
		if address != "" {
			if again, err := self.Address(address); err != nil || again != address {
				t.Errorf("%q: of %q, which becomes %q, %v", line, address, again, err)
			}
		}
		if !commandNames[name] {
			return
		}
		stored := c.String()
		if !utf8.ValidString(stored) || strings.ContainsAny(stored, "\r\n") {
			t.Fatalf("%q is stored as %q", line, stored)
		}
		words = strings.Fields(stored)
		if again, whom, err := parse(words[0], words[1:]); err != nil || whom != "" || !reflect.DeepEqual(again, c) {
			t.Errorf("%q is %+v, stored as %q, which is %+v of %q, %v", line, c, stored, again, whom, err)
		}
	})
}

// FuzzTake: whatever a mail says, nothing is changed before a code comes back, few
// addresses are mailed, and little.
func FuzzTake(f *testing.F) {
	for _, text := range []string{"subscribe hello\nkeyword hello = bts, build\n-- \nx", "unsubscribe hello\nconfirm 0123\nwhich\nhelp\nquit", "> CONFIRM abc\n" + strings.Repeat("nonsense\n", 9), "subscribe a1 a@b.example.org\nsubscribe b1 b@b.example.org\nsubscribe c1 c@b.example.org\nsubscribe d1 d@b.example.org"} {
		f.Add([]byte(from("Jane <Jane@example.org>", text)))
	}
	files, err := filepath.Glob("../../../fixtures/hostile/*.mail")
	if err != nil || len(files) == 0 {
		f.Fatalf("there are no hostile mails: %v", err)
	}
	for _, file := range files[:min(len(files), 20)] {
		raw, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	out, err := outbox.Open(f.Context(), filepath.Join(f.TempDir(), "outbox.db"))
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { out.Close() })
	store, err := self.Open(f.Context(), out, self.DefaultLimits())
	if err != nil {
		f.Fatal(err)
	}
	c := &Control{Store: store, Address: "control@bus.example.org", Own: []string{"control@bus.example.org"}}
	f.Fuzz(func(t *testing.T, raw []byte) {
		clear(t, out)
		if said, err := c.Take(t.Context(), raw, Envelope{}); err != nil || said == "" || !utf8.ValidString(said) {
			t.Fatalf("%q: %q, %v", raw, said, err)
		}
		if n := count(t, out, "SELECT count(*) FROM self_packages") + count(t, out, "SELECT count(*) FROM self_people"); n > 0 {
			t.Errorf("%q changed something", raw)
		}
		d := &desk{c, out, t, 0}
		notes := d.mailed()
		if len(notes) > 1+maxOthers {
			t.Errorf("%q has %d mails sent", raw, len(notes))
		}
		for _, n := range notes {
			if address, err := self.Address(n.To); err != nil || address != n.To {
				t.Errorf("%q: mailed to %q", raw, n.To)
			}
			// Each command is quoted, and answered by a few lines.
			if size := len(n.Text) + len(n.Subject); !utf8.ValidString(n.Text+n.Subject) || strings.ContainsAny(n.Subject, "\r\n") || size > maxCommands*(2*maxLine+2000) {
				t.Errorf("%q: %d bytes are mailed: %.300q", raw, size, n.Subject+n.Text)
			}
		}
	})
}

// clear forgets whom was mailed what.
func clear(t *testing.T, out *outbox.Outbox) {
	t.Helper()
	for _, table := range []string{"notify_notes", "self_asked", "self_tokens"} {
		if _, err := out.DB().ExecContext(t.Context(), "DELETE FROM "+table); err != nil {
			t.Fatal(err)
		}
	}
}

func count(t *testing.T, out *outbox.Outbox, query string) (n int) {
	t.Helper()
	if err := out.DB().QueryRowContext(context.Background(), query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// FuzzBounce: a reason is one short line, and nothing is for good that no report says so.
func FuzzBounce(f *testing.F) {
	f.Add(fmt.Appendf(nil, report, "failed", "5.1.1"), "bounces+abc-1@bus.example.org")
	f.Add(fmt.Appendf(nil, report, "FAILED\n\tx", "4.1.1 5."), "Bounces@bus.example.org")
	f.Add([]byte("Content-Type: multipart/report; boundary=b\n\n--b\n"), "@")
	f.Fuzz(func(t *testing.T, raw []byte, to string) {
		why, hard := Bounce(mail.Parse(raw, mail.DefaultLimits()))
		if len(why) > maxLine || !utf8.ValidString(why) || strings.ContainsAny(why, "\r\n\x1b") {
			t.Errorf("%q: %q", raw, why)
		}
		if lower := strings.ToLower(why); hard && (!strings.HasPrefix(lower, "failed 5.") && len(why) < maxLine) {
			t.Errorf("%q is for good: %q", raw, why)
		}
		if tag, ok := BounceTag(to, "bounces@bus.example.org"); ok && tag != "" && !strings.EqualFold(to, "bounces+"+tag+"@bus.example.org") && strings.ToLower(to) != "bounces+"+tag+"@bus.example.org" {
			t.Errorf("%q has the tag %q", to, tag)
		}
	})
}
