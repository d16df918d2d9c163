package hub

import (
	"crypto/sha256"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"busbar/common/event"
)

// FuzzTokens: a file of tokens gives each of them to the sender in its line, and none that
// does not stand in it.
func FuzzTokens(f *testing.F) {
	token := strings.Repeat("0123456789abcdef", 2)
	f.Add([]byte("# comment\n\nmail2bus " + token + "\n  dbpoll\t" + token + "x\r\n"))
	f.Add([]byte("a " + token + "\nb " + token + "\n"))
	f.Add([]byte("a short\n"))
	f.Add([]byte("a\u00a0" + token + "\u2028b " + token))
	file := filepath.Join(f.TempDir(), "tokens")
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		known, err := readTokens(file)
		if err != nil {
			if known != nil || !strings.Contains(err.Error(), file) {
				t.Errorf("%q: %v, %v", text, known, err)
			}
			for word := range strings.FieldsSeq(string(text)) {
				if len(word) >= minToken && len(word) > len(file) && strings.Contains(err.Error(), word) {
					t.Errorf("the error tells a token: %v", err)
				}
			}
			return
		}
		found := map[[sha256.Size]byte]bool{}
		for line := range strings.Lines(string(text)) {
			fields := strings.Fields(line)
			if len(fields) == 0 || fields[0][0] == '#' {
				continue
			}
			sum := sha256.Sum256([]byte(fields[1]))
			found[sum] = true
			if name := known[sum]; name == "" || !strings.Contains(string(text), name) {
				t.Errorf("%q: the token of %q is %q's", text, fields[0], name)
			}
		}
		if len(found) != len(known) {
			t.Errorf("%q: %d tokens, %d are known", text, len(found), len(known))
		}
	})
}

// FuzzFilter: a filter takes the same each time, within its bounds, and no more than the
// part of it that is asked alone.
func FuzzFilter(f *testing.F) {
	f.Add("topic=debbugs&package=hello&bug=%235&person=Jane")
	f.Add("q=package%3Ahello+-tea&since=2026-01-02")
	f.Add(strings.Repeat("bug=1&", 70))
	f.Add("q=%22&since=x&topic=&person=")
	envelopes := []*event.Envelope{
		{},
		{Topic: "org.debian.dev.debbugs.bug.create", MsgID: "2026-1", Timestamp: 1780000000, Msg: map[string]any{"package": "hello", "bug": event.Int("5"), "person": map[string]any{"name": "Jane", "email": "Jane@Example.org"}}},
		{Topic: "org.debian.dev.dak.source.accept", MsgID: "2026-2", Timestamp: time.Now().Unix(), Title: "tea", Msg: []any{"x"}},
	}
	f.Fuzz(func(t *testing.T, text string) {
		q, err := url.ParseQuery(text)
		if err != nil {
			return
		}
		one, err := parseFilter("org.debian", q)
		again, err2 := parseFilter("org.debian", q)
		if (err == nil) != (err2 == nil) {
			t.Fatalf("%q: %v, then %v", text, err, err2)
		}
		if err != nil {
			return
		}
		if n := len(one.topics) + len(one.packages) + len(one.bugs) + len(one.people); n > maxFilter {
			t.Errorf("%q has %d values", text, n)
		}
		if !reflect.DeepEqual(one.people, again.people) || slices.ContainsFunc(one.people, func(p string) bool { return strings.ToLower(p) != p && len(p) < 100 }) {
			t.Errorf("%q: %q, then %q", text, one.people, again.people)
		}
		for _, e := range envelopes {
			about := func() event.About { return event.AboutOf(e.Msg) }
			takes := one.takes(e, about)
			if takes != again.takes(e, about) {
				t.Errorf("%q takes %s, and does not", text, e.Topic)
			}
			alone := filter{prefix: "org.debian", packages: one.packages}
			if takes && !alone.takes(e, about) {
				t.Errorf("%q takes %s, which is of none of its packages", text, e.Topic)
			}
		}
	})
}
