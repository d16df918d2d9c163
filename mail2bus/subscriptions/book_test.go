package subscriptions

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"busbar/common/mail"
)

// TestRequests: what each list manager is asked, and by whom.
func TestRequests(t *testing.T) {
	for _, c := range []struct{ manager, to, subject, leaveTo, leaveSubject string }{
		{"smartlist", "cooks-request@lists.example.org", "subscribe", "cooks-request@lists.example.org", "unsubscribe"},
		{"mailman", "cooks-join@lists.example.org", "subscribe", "cooks-leave@lists.example.org", "unsubscribe"},
		{"ezmlm", "cooks-subscribe@lists.example.org", "subscribe", "cooks-unsubscribe@lists.example.org", "unsubscribe"},
		{"sympa", "sympa@lists.example.org", "SUBSCRIBE cooks", "sympa@lists.example.org", "UNSUBSCRIBE cooks"},
	} {
		r := newRoom(t)
		s, err := r.book.Ask(t.Context(), Wish{List: "Cooks@Lists.example.org", Address: theAddress}, c.manager, false, r.send)
		if err != nil || s.State(r.now) != Asked || s.List != theList {
			t.Fatalf("%s: %v, %+v", c.manager, err, s)
		}
		first := s.Request
		// The manager and the address are known now.
		s, err = r.book.Ask(t.Context(), Wish{List: theList, Address: "new@example.net", Leave: true}, "", true, r.send)
		if err != nil || !s.Leave || !s.Show || s.Address != theAddress || s.Request == first || len(s.Request) < 32 {
			t.Fatalf("%s: %v, %+v", c.manager, err, s)
		}
		for i, want := range []string{
			theAddress + " " + c.to + " From: " + theAddress + "\nTo: " + c.to + "\nSubject: " + c.subject + "\n",
			theAddress + " " + c.leaveTo + " From: " + theAddress + "\nTo: " + c.leaveTo + "\nSubject: " + c.leaveSubject + "\n",
		} {
			// formail -r keeps an X-Loop, and a program's mail is read by no list manager.
			if !strings.HasPrefix(r.sent[i], want) || strings.Contains(r.sent[i], "X-Loop") || strings.Contains(r.sent[i], "Auto-Submitted") {
				t.Errorf("%s is asked with %q, want %q", c.manager, r.sent[i], want)
			}
		}
		if !strings.Contains(r.sent[0], "\nMessage-ID: <"+first+">\n") {
			t.Errorf("the request %q has another id than %s", r.sent[0], first)
		}
	}
}

// TestWrongRequests: nothing is noted of them, and nothing sent.
func TestWrongRequests(t *testing.T) {
	for _, c := range []struct{ list, address, manager, want string }{
		{"cooks", theAddress, "ezmlm", "no address"},
		{"cooks@", theAddress, "ezmlm", "no domain"},
		{"-cooks@lists.example.org", theAddress, "ezmlm", "begins with"},
		{"cooks@lists..org", theAddress, "ezmlm", "no domain"},
		{"cooks\n@lists.example.org", theAddress, "ezmlm", "other characters"},
		{"cooks@lists.example.org\nBcc: x@example.org", theAddress, "ezmlm", "no domain"},
		{"cooks@lists.example.org@x.org", theAddress, "ezmlm", "no domain"},
		{"<cooks@lists.example.org>", theAddress, "ezmlm", "other characters"},
		{strings.Repeat("x", 65) + "@lists.example.org", theAddress, "ezmlm", "too long"},
		{"cooks@" + strings.Repeat("x.", 130) + "org", theAddress, "ezmlm", "too long"},
		{"cooks-request@lists.example.org", theAddress, "ezmlm", "give the list's own address, cooks@lists.example.org"},
		{theList, "bus", "ezmlm", "no address"},
		{theList, theAddress, "", "say --manager smartlist or mailman"},
		{theList, theAddress, "majordomo", "none of"},
		{theList, "root@example.net", "smartlist", "looks like a program's"},
		{"debian-devel@lists.debian.org", "admin-bus@example.net", "", "looks like a program's"},
	} {
		r := newRoom(t)
		if _, err := r.book.Ask(t.Context(), Wish{List: c.list, Address: c.address}, c.manager, false, r.send); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q for %q: %v, want %q", c.list, c.address, err, c.want)
		}
		if len(r.sent) != 0 || len(r.contents().Subscriptions) != 0 {
			t.Errorf("%q: sent %q, noted %v", c.list, r.sent, r.contents().Subscriptions)
		}
	}
	if got := Guess("Debian-Devel@Lists.Debian.org"); got != "smartlist" {
		t.Errorf("lists.debian.org has %q", got)
	}
}

// TestUnsentRequest: what could not be sent leaves things as they were.
func TestUnsentRequest(t *testing.T) {
	r := newRoom(t)
	cause := errors.New("no sendmail")
	send := func(context.Context, string, string, []byte) error {
		if got := r.contents().Subscriptions; len(got) != 1 || got[0].Answer != nil {
			t.Errorf("before it is sent, %v is noted", got)
		}
		return cause
	}
	if _, err := r.book.Ask(t.Context(), Wish{List: theList, Address: theAddress}, "ezmlm", false, send); !errors.Is(err, cause) || len(r.contents().Subscriptions) != 0 {
		t.Errorf("%v, noted %v", err, r.contents().Subscriptions)
	}
	known := wish("ezmlm", false)
	known.Answer, known.Confirmed = &Answer{Sent: asked}, asked
	r = newRoom(t, known)
	if _, err := r.book.Ask(t.Context(), Wish{List: theList, Address: theAddress, Leave: true}, "", false, send); !errors.Is(err, cause) || r.state() != Confirmed {
		t.Errorf("%v, %s", err, r.state())
	}
}

// TestTogether: commands and daemon write the book one at a time.
func TestTogether(t *testing.T) {
	file := filepath.Join(t.TempDir(), "book")
	var wg sync.WaitGroup
	const n = 20
	owned := 0
	var mu sync.Mutex
	for i := range n {
		wg.Go(func() {
			b := &Book{File: file, Own: func(string) error { mu.Lock(); defer mu.Unlock(); owned++; return nil }}
			_, err := b.Ask(t.Context(), Wish{List: fmt.Sprintf("cooks%d@lists.example.org", i), Address: theAddress}, "ezmlm", false,
				func(context.Context, string, string, []byte) error { return nil })
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	all, err := (&Book{File: file}).Read()
	if err != nil || len(all.Subscriptions) != n || owned != n {
		t.Errorf("%v, %d lists, given away %d times", err, len(all.Subscriptions), owned)
	}
	for i := 1; i < len(all.Subscriptions); i++ {
		if all.Subscriptions[i-1].List >= all.Subscriptions[i].List {
			t.Errorf("%s stands before %s", all.Subscriptions[i-1].List, all.Subscriptions[i].List)
		}
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

// TestBrokenBooks are errors that name the file, and nobody writes over them.
func TestBrokenBooks(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", "unexpected end"},
		{"{", "restore it"},
		{`{"version": 2}`, "version 2"},
		{`{"version": 1, "subscriptions": [{"list": "a\nb@example.org", "address": "x@example.org"}]}`, "other characters"},
		{strings.Repeat(" ", maxBook+1), "longer"},
	} {
		file := filepath.Join(t.TempDir(), "book")
		if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		b := &Book{File: file}
		if _, err := b.Read(); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), file) {
			t.Errorf("%.60q: %v", c.text, err)
		}
		if err := b.change(func(*Contents) (bool, error) { return true, nil }); err == nil {
			t.Errorf("%.60q is written over", c.text)
		}
		if got, err := os.ReadFile(file); err != nil || string(got) != c.text {
			t.Errorf("%.60q became %.60q, %v", c.text, got, err)
		}
	}
	c, err := (&Book{File: filepath.Join(t.TempDir(), "none")}).Read()
	if err != nil || len(c.Subscriptions) != 0 {
		t.Errorf("none: %v, %v", c, err)
	}
}

// FuzzFind: whatever a mail holds, an answer is one to its list, and two plain fields.
func FuzzFind(f *testing.F) {
	for _, d := range dialogues {
		text, err := os.ReadFile("testdata/dialogues/" + d.name + ".eml")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c := Find(mail.Parse(text, mail.Limits{}))
		if c == nil || c.Stray {
			return
		}
		if err := CheckAddress(c.List); err != nil {
			t.Fatal(err)
		}
		local, domain := parts(c.List)
		to, at := parts(c.Answer.To)
		if at != domain || !strings.HasPrefix(to, local+"-") && to != sympaLocal || checkAddress(c.Answer.To, maxDomain) != nil {
			t.Errorf("of %s is answered to %s", c.List, c.Answer.To)
		}
		if !only(c.Answer.Subject, func(b byte) bool { return b >= ' ' && b < 0x7f }) || len(c.Answer.Subject) > 200 {
			t.Errorf("it is answered with %q", c.Answer.Subject)
		}
	})
}
