package rule

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"busbar/common/event"
)

const examples = "../../../contrib/config/badges.d"

// FuzzFiles: badges are read within bounds, and the same each time; or an error says in
// which file what is wrong.
func FuzzFiles(f *testing.F) {
	files, err := filepath.Glob(examples + "/*.toml")
	if err != nil || len(files) == 0 {
		f.Fatalf("there are no examples: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Add(head + "criterion = \"combination\"\nsame = \"bug\"\nwithin = \"1h\"\nlevels = [1, 5]\n" + parts2 + "anyone = true\n")
	f.Add("optout = [\"a b\", \"Jane@example.org\"]\nnever = [\"[\", \"*@x\"]\n")
	path := filepath.Join(f.TempDir(), "b.toml")
	f.Fuzz(func(t *testing.T, text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		set, err := Files{Path: path, Prefix: "org.debian"}.Read()
		if err != nil {
			if !strings.Contains(err.Error(), "b.toml") || len(set.Badges) > 0 {
				t.Errorf("%q: %v, and %d badges", text, err, len(set.Badges))
			}
			return
		}
		names := map[string]bool{}
		for _, b := range set.Badges {
			if names[b.Name] || !nameForm.MatchString(b.Name) || b.Title == "" || len(b.Title) > maxTitle || !utf8.ValidString(b.Title+b.Text) || len(b.Parts) == 0 || len(b.Parts) > maxParts || len(b.Levels) > maxLevels {
				t.Errorf("%q: %+v", text, b)
			}
			names[b.Name] = true
			if facts := b.Facts(NewEvent("org.debian", event.Envelope{MsgID: "2026-x"})); len(facts) > 0 {
				t.Errorf("%q: what is about nothing says %+v", text, facts)
			}
		}
		for _, who := range set.OptOut {
			if out, _ := set.Hides(who); !out {
				t.Errorf("%q: %q opted out, and is shown", text, who)
			}
		}
		again, err := Files{Path: path, Prefix: "org.debian"}.Read()
		if err != nil || len(again.Badges) != len(set.Badges) || !reflect.DeepEqual(again.Never, set.Never) || !reflect.DeepEqual(again.OptOut, set.OptOut) {
			t.Errorf("%q gives another set each time: %v", text, err)
		}
	})
}

// FuzzFacts: whatever a message's body is, it says a bounded number of facts, each once,
// of people by the one form of their names, and the same each time.
func FuzzFacts(f *testing.F) {
	set, err := Files{Path: examples, Prefix: "org.debian"}.Read()
	if err != nil || len(set.Badges) == 0 {
		f.Fatalf("%d badges, %v", len(set.Badges), err)
	}
	f.Add("dak.source.accept", []byte(`{"source": "src:teapot", "version": "1-1", "suites": ["unstable"], "person": {"name": "Jane", "email": "Jane@Example.org"}, "closes": [5, "7"]}`))
	f.Add("debbugs.bug.close", []byte(`{"bug": 5, "person": "Jane Doe <jane@example.org>", "done_by": [{"email": "a@b"}, "c", null, 1e400, [["x"]]]}`))
	f.Add("debbugs.bug.create", []byte(`{"bug": "\u0000", "package": [1, 1, "a", "a"], "person": "::1"}`))
	f.Add("scm.commit.create", []byte(`[]`))
	f.Fuzz(func(t *testing.T, topic string, body []byte) {
		msg, err := event.Parse(body)
		if err != nil {
			return
		}
		e := event.Envelope{Topic: "org.debian.dev." + topic, MsgID: "2026-8e4ff3a6-6c5b-5d0e-9d35-1f4f3a7b0c52", Timestamp: 1780000000, Msg: msg}
		for _, b := range set.Badges {
			facts := b.Facts(NewEvent("org.debian", e))
			if len(facts) > len(b.Parts)*maxPeople*maxThings {
				t.Errorf("%s: %d facts", b.Name, len(facts))
			}
			seen := map[Fact]bool{}
			for _, one := range facts {
				checkFact(t, b, one)
				if seen[one] {
					t.Errorf("%s: %+v is said twice", b.Name, one)
				}
				seen[one] = true
			}
			if again := b.Facts(NewEvent("org.debian", e)); !reflect.DeepEqual(facts, again) {
				t.Errorf("%s: %+v, then %+v", b.Name, facts, again)
			}
		}
	})
}

func checkFact(t *testing.T, b *Badge, one Fact) {
	t.Helper()
	if one.Unit == "" || len(one.Unit) > maxKey || !utf8.ValidString(one.Unit) || one.Part < 0 || one.Part >= len(b.Parts) {
		t.Errorf("%s: %+v", b.Name, one)
	}
	if p := one.Person; p.Key != "" {
		if key, ok := Key(p.Key); !ok || key != p.Key {
			t.Errorf("%s: the key %q becomes %q, %v", b.Name, p.Key, key, ok)
		}
	} else if !b.Parts[one.Part].Anyone {
		t.Errorf("%s: %+v is nobody's", b.Name, one)
	}
	if !utf8.ValidString(one.Person.Name) || strings.ContainsAny(one.Person.Name, "\r\n\x1b") {
		t.Errorf("%s: the name %q", b.Name, one.Person.Name)
	}
}
