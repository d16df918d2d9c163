package subscriptions

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"busbar/common/mail"
)

// FuzzBook: what the file holds is read whole, and is the same when it is written and read
// again; or an error names the file, and nothing writes over it. Whatever is read, judging
// a mail by it changes nothing that is not shown.
func FuzzBook(f *testing.F) {
	f.Add([]byte(`{"version": 1, "subscriptions": [{"list": "cooks@lists.example.org", "address": "jane@example.org", "manager": "mailman", "asked": "2026-01-02T03:04:05Z", "request": "a@example.org", "answer": {"to": "x@example.org", "sent": "2026-01-02T03:04:05Z"}}], "refused": {"it is about another address": 2}}`))
	f.Add([]byte(`{"version": 1, "subscriptions": [{"list": "B@x.example.org", "address": "j@x.example.org"}, {"list": "a@x.example.org", "address": "j@x.example.org", "leave": true, "show": true}]}`))
	f.Add([]byte(`{"version": 2}`))
	f.Add([]byte(`{"version": 1, "subscriptions": [{"list": "a@b\r\nBcc: c@d"}]}`))
	text, err := os.ReadFile("testdata/dialogues/" + dialogues[0].name + ".eml")
	if err != nil {
		f.Fatal(err)
	}
	confirmation := Find(mail.Parse(text, mail.Limits{}))
	if confirmation == nil {
		f.Fatal("the first dialogue has no confirmation")
	}
	now := time.Date(2026, 1, 2, 4, 0, 0, 0, time.UTC)
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text []byte) {
		b := &Book{File: filepath.Join(dir, "book"), Now: func() time.Time { return now }}
		if err := os.WriteFile(b.File, text, 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := b.Read()
		if err != nil {
			if !strings.Contains(err.Error(), b.File) || b.change(func(*Contents) (bool, error) { return true, nil }) == nil {
				t.Errorf("%q: %v, or it is written over", text, err)
			}
			return
		}
		for i := range c.Subscriptions {
			s := c.Subscriptions[i]
			if s.State(now) == "" {
				t.Errorf("%+v is in no state", s)
			}
			if reason := s.judge(confirmation, now, now); reason == "" {
				s.take(confirmation, now)
				if letter := string(s.letter(false, now)); strings.Count(letter, "\nBcc:") > 0 {
					t.Errorf("%+v is answered with %q", s, letter)
				}
			}
		}
		if err := b.change(func(all *Contents) (bool, error) { c = *all; return true, nil }); err != nil {
			t.Fatalf("%q cannot be written: %v", text, err)
		}
		if again, err := b.Read(); err != nil || !reflect.DeepEqual(times(again), times(c)) {
			t.Errorf("%q is %+v, and then %+v, %v", text, c, again, err)
		}
	})
}

// times has a book whose times are compared by what they mean.
func times(c Contents) Contents {
	for i := range c.Subscriptions {
		s := &c.Subscriptions[i]
		for _, at := range []*time.Time{&s.Asked, &s.Confirmed, &s.Ended, &s.FirstMail} {
			*at = at.UTC()
		}
		if s.Answer != nil {
			s.Answer.Since, s.Answer.Sent = s.Answer.Since.UTC(), s.Answer.Sent.UTC()
		}
	}
	return c
}
