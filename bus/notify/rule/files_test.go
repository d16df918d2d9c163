package rule

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"busbar/common/event"
)

// read reads files of rules, NAME: text.
func read(t *testing.T, files map[string]string) ([]*Person, error) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return Files{Dir: dir, Prefix: "org.debian"}.Read(t.Context())
}

func TestFiles(t *testing.T) {
	people, err := read(t, map[string]string{
		"a.toml":      "[sets.tea]\nvalues = [\"teapot\"]\nfile = \"tea.txt\"\n[sets.team]\nvalues = [\"jane\", \"bob\"]\n[maintainers]\nfiles = [\"Maintainers\"]\n",
		"b.toml":      "[people.jane]\naddresses = [\"Jane@Example.org\"]\npackages = [\"@tea\"]\nzone = \"Europe/Berlin\"\nquiet = \"22:00-07:00\"\nto = [\"mail:jane@example.org\", \"mail:jane@example.org\"]\n[[people.jane.rules]]\nready = \"maintained\"\n[people.bob]\n[[rules]]\nwho = [\"@team\"]\nname = \"tea\"\nfilter = \"package:@tea\"\nwhen = \"weekly\"\non = \"friday\"\n",
		"tea.txt":     "# a list\nkettle\n\nwhistle # loud\n",
		"Maintainers": "hello                Jane Doe <jane@example.org>\nother\tBob <bob@example.org>\n",
		"ignored.txt": "[people.x]\n",
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(people) != 2 || people[0].Key != "bob" || people[1].Key != "jane" {
		t.Fatalf("%+v", people)
	}
	jane := people[1]
	if got := strings.Join(jane.Packages, " "); got != "hello kettle teapot whistle" {
		t.Errorf("packages %s", got)
	}
	if len(jane.To) != 1 || jane.Zone.String() != "Europe/Berlin" || jane.Quiet.From != 22*60 || len(jane.Rules) != 2 || len(people[0].Rules) != 1 {
		t.Errorf("%+v", jane)
	}
	if r := jane.Rules[1]; r.When.String() != "weekly on Friday at 08:00" || r.Name != "tea" {
		t.Errorf("%+v", r)
	}
	if none, err := (Files{Dir: filepath.Join(t.TempDir(), "none")}).Read(t.Context()); len(none) != 0 || err != nil {
		t.Errorf("a folder that is not there: %v, %v", none, err)
	}
	if os.Geteuid() != 0 {
		return
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := (Files{Dir: filepath.Join(file, "below")}).Read(t.Context()); err == nil {
		t.Error("a folder that cannot be read has nobody")
	}
}

func TestWrongFiles(t *testing.T) {
	for want, text := range map[string]string{
		"line 2":                    "[people.jane]\nname =\n",
		"no key people.jane.nmae":   "[people.jane]\nnmae = \"x\"\n",
		"small letters":             "[people.\"Jane Doe\"]\n",
		"zone":                      "[people.jane]\nzone = \"Nowhere/Land\"\n",
		"quiet hours":               "[people.jane]\nquiet = \"late\"\n",
		"limit is between":          "[people.jane]\nlimit = 1\n",
		"no destination such":       "[people.jane]\nto = [\"jane\"]\n",
		"no set":                    "[people.jane]\npackages = [\"@x\"]\n",
		"no ready-made rule":        "[people.jane]\n[[people.jane.rules]]\nready = \"x\"\n",
		"none of now":               "[people.jane]\n[[people.jane.rules]]\nname = \"x\"\nfilter = \"package:x\"\nwhen = \"yearly\"\n",
		"none of own, mailed":       "[people.jane]\n[[people.jane.rules]]\nname = \"x\"\nfilter = \"package:x\"\nexcept = [\"x\"]\n",
		"between 0s and 24h":        "[people.jane]\n[[people.jane.rules]]\nname = \"x\"\nfilter = \"package:x\"\nsettle = \"25h\"\n",
		"takes everything":          "[people.jane]\n[[people.jane.rules]]\nname = \"x\"\nfilter = \"-package:x\"\n",
		"means nothing in a rule":   "[people.jane]\n[[people.jane.rules]]\nname = \"x\"\nfilter = \"package:x since:2026-01-01\"\n",
		"is no keyword":             "[people.jane]\n[[people.jane.rules]]\nname = \"x\"\nfilter = \"keyword:x\"\n",
		"wanted and left out":       "[people.jane]\n[[people.jane.rules]]\nname = \"x\"\nfilter = \"person:me -person:me\"\n",
		"is nothing (package:@mine": "[people.jane]\n[[people.jane.rules]]\nname = \"x\"\nfilter = \"list:@mine\"\n",
		"it has no name":            "[people.jane]\n[[people.jane.rules]]\nfilter = \"package:x\"\n",
		"nobody \"bob\"":            "[[rules]]\nwho = [\"bob\"]\nname = \"x\"\nfilter = \"package:x\"\n",
		"it has no who":             "[[rules]]\nname = \"x\"\nfilter = \"package:x\"\n",
		"is there already":          "[sets.mine]\nvalues = []\n",
		"no such file":              "[sets.x]\nfile = \"none.txt\"\n",
		"more than 200 rules":       "[people.jane]\n" + strings.Repeat("[[people.jane.rules]]\nname = \"x\"\nfilter = \"package:x\"\n", 201),
	} {
		if _, err := read(t, map[string]string{"x.toml": text}); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "x.toml") {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// TestReadyMade: each ready-made rule can be read.
func TestReadyMade(t *testing.T) {
	for _, r := range ReadyMade() {
		if _, err := ParseFilter(r.Filter, "org.debian", []string{"hello"}, nil); err != nil || r.Does == "" {
			t.Errorf("%s: %v", r.Name, err)
		}
	}
}

// TestVerdicts: why a rule leaves something out.
func TestVerdicts(t *testing.T) {
	f, err := ParseFilter("package:hello", "org.debian", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	jane := &Person{Key: "jane", Addresses: []string{"jane@example.org"}, Packages: []string{"hello"}}
	to := []Address{{"mail", "jane@example.org"}}
	who := map[string]any{"name": "Jane", "email": "jane@example.org"}
	say := func(topic string, body map[string]any, recovered bool) *Event {
		return NewEvent("org.debian", event.Envelope{Topic: "org.debian.dev." + topic, Msg: body, Recovered: recovered}, nil)
	}
	hello := say("debbugs.bug.comment", map[string]any{"package": "hello", "bug": event.Int("5"), "person": who}, false)
	paused := *jane
	paused.Paused = true
	for _, c := range []struct {
		rule   Rule
		person *Person
		ev     *Event
		want   Verdict
	}{
		{Rule{To: to}, jane, hello, Wanted}, {Rule{To: to, Own: true}, jane, hello, IsOwn}, {Rule{To: to, Mailed: true}, jane, hello, IsMailed}, {Rule{}, jane, hello, IsNowhere},
		{Rule{To: to, Off: true}, jane, hello, IsOff}, {Rule{To: to}, &paused, hello, IsPaused}, {Rule{To: to}, jane, say("x.y.z", map[string]any{"package": "other"}, false), NotTaken},
		{Rule{To: to}, jane, say("x.y.z", map[string]any{"package": "hello"}, true), IsLate}, {Rule{To: to, Recovered: true}, jane, say("x.y.z", map[string]any{"package": "hello"}, true), Wanted},
		{Rule{To: to}, jane, say("debmessenger.bug.report", map[string]any{"package": "hello"}, false), NotTaken},
		{Rule{To: to, Mailed: true}, jane, say("dak.source.accept", map[string]any{"package": "hello", "maintainer": who}, false), IsMailed},
	} {
		c.rule.Filter = f
		if got := c.rule.Wants(c.ev, Of{Person: c.person}); got != c.want {
			t.Errorf("%s, %+v: %s, want %s", c.ev.Bare, c.rule, got, c.want)
		}
	}
}
