package rule

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"busbar/common/event"
)

func read(t *testing.T, text string) (Set, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "b.toml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return Files{Path: file, Prefix: "org.debian"}.Read()
}

const head = "[[badge]]\nname = \"b\"\ntitle = \"B\"\ntext = \"for b\"\n"

// TestMistakesAreNamed holds each mistake to the message that a person reads.
func TestMistakesAreNamed(t *testing.T) {
	for text, want := range map[string]string{
		"[[badge]]\nname = ": "line 2",
		"optout = [\"a b\"]": `optout: "a b" is no address or account`,
		"never = [\"[\"]":    `never: "[" is no pattern`,
		head + head:          "it is in",
		"[[badge]]\nname = \"b\"\ncriterion = \"count\"": "title and text are needed",
		head:                           `criterion "" is none of count, streak`,
		head + "criterion = \"count\"": "query is needed",
		head + "criterion = \"count\"\nquery = \"-topic:dak\"":                                                                                           "takes everything, or leaves out a little",
		head + "criterion = \"count\"\nquery = \"topic:\"":                                                                                               "nothing stands after topic:",
		head + "criterion = \"count\"\nquery = \"x\"\nsign = \"y\"":                                                                                      `sign "y" is none of arrow`,
		head + "criterion = \"count\"\nquery = \"x\"\nwho = \"a b\"":                                                                                     `who "a b" is no member`,
		head + "criterion = \"count\"\nquery = \"x\"\nof = \"package\"":                                                                                  "of is for distinct, first, and this is count",
		head + "criterion = \"count\"\nquery = \"x\"\nunit = \"day\"":                                                                                    "unit is for streak, and this is count",
		head + "criterion = \"count\"\nquery = \"x\"\nlevels = [0]":                                                                                      "numbers between 1 and",
		head + "criterion = \"count\"\nquery = \"x\"\nlevels = [2, 2]":                                                                                   "levels must grow, and 2 comes after 2",
		head + "criterion = \"streak\"\nquery = \"x\"\nlevels = [2]":                                                                                     `unit "" is neither day nor week`,
		head + "criterion = \"streak\"\nquery = \"x\"\nunit = \"day\"":                                                                                   "levels are needed: how many in a row",
		head + "criterion = \"streak\"\nquery = \"x\"\nunit = \"day\"\nlevels = [1]":                                                                     "numbers between 2 and",
		head + "criterion = \"distinct\"\nquery = \"x\"":                                                                                                 "of is needed",
		head + "criterion = \"distinct\"\nquery = \"x\"\nof = \"a..b\"":                                                                                  `of "a..b" is no member`,
		head + "criterion = \"first\"\nquery = \"x\"\nlevels = [1, 2]":                                                                                   "one first of all",
		head + "criterion = \"combination\"\nquery = \"x\"":                                                                                              "query is for count, streak, distinct, first",
		head + "criterion = \"combination\"\n[[badge.part]]\nquery = \"x\"":                                                                              "between 2 and 16 parts",
		head + "criterion = \"combination\"\nwithin = \"1h\"\n" + parts2:                                                                                 "within is for chains",
		head + "criterion = \"combination\"\nlevels = [3]\n" + parts2:                                                                                    "levels mean nothing",
		head + "criterion = \"combination\"\n" + parts2 + "anyone = true":                                                                                "anyone is for chains",
		head + "criterion = \"combination\"\nsame = \"bug\"\n[[badge.part]]\nquery = \"x\"\nanyone = true\n[[badge.part]]\nquery = \"x\"\nanyone = true": "nobody would earn it",
		head + "criterion = \"count\"\nquery = \"x\"\ncolor = \"red\"":                                                                                   "there is no key badge.color",
	} {
		if _, err := read(t, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\nis %v; want %q", text, err, want)
		}
	}
	if _, err := (Files{Path: filepath.Join(t.TempDir(), "none.toml")}).Read(); err == nil {
		t.Error("a file that is not there is read")
	}
	if set, err := (Files{Path: filepath.Join(t.TempDir(), "none.d")}).Read(); err != nil || len(set.Badges) > 0 {
		t.Errorf("a folder that is not there has %v, %v", set, err)
	}
}

const parts2 = "[[badge.part]]\nquery = \"x\"\n[[badge.part]]\nquery = \"y\"\n"

// TestPeople says who is somebody.
func TestPeople(t *testing.T) {
	body := func(v any) *Event {
		return NewEvent("org.debian", event.Envelope{MsgID: "x", Msg: map[string]any{"deep": map[string]any{"who": v}}})
	}
	for _, c := range []struct {
		v    any
		want string
	}{
		{map[string]any{"name": "Nora\x1b Ortega", "email": "Nora@Example.org"}, "nora@example.org Nora\uFFFD Ortega"},
		{"Nora Ortega <nora@example.org>", "nora@example.org Nora Ortega"},
		{"nora-guest", "nora-guest "},
		{[]any{"a", "A", map[string]any{"email": "b@c"}}, "a |b@c "},
		{map[string]any{"name": "Nora", "email": ""}, ""},
		{map[string]any{"name": "router", "email": "192.0.2.7"}, ""},
		{"root@[2001:db8::1]", ""},
		{"two words", ""},
		{"bad\x00", ""},
		{event.Int("7"), ""},
		{nil, ""},
		{strings.Repeat("x", 300), ""},
	} {
		var got []string
		for _, p := range body(c.v).people("deep.who") {
			got = append(got, p.Key+" "+p.Name)
		}
		if s := strings.Join(got, "|"); s != c.want {
			t.Errorf("%v is %q, want %q", c.v, s, c.want)
		}
	}
}

// TestTimesAndFacts says when something counts, and as which fact.
func TestTimesAndFacts(t *testing.T) {
	set, err := read(t, head+"criterion = \"count\"\nquery = \"topic:dak since:2026-01-02 until:2026-01-03\"\n")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 1, 3, 0, 0, 0, 0, time.UTC)
	e := event.Envelope{Topic: "org.debian.dev.dak.source.accept", MsgID: "2026-6ba7b810-9dad-51d1-80b4-00c04fd430c8", Timestamp: at.Add(time.Hour).Unix(), EventTime: event.Stamp(at), Msg: map[string]any{"person": "me"}}
	for _, c := range []struct {
		change func(*event.Envelope)
		want   string
	}{
		{func(*event.Envelope) {}, "6ba7b810-9dad-51d1-80b4-00c04fd430c8"},
		{func(e *event.Envelope) { e.MsgID = "2025" + e.MsgID[4:] }, "6ba7b810-9dad-51d1-80b4-00c04fd430c8"},
		{func(e *event.Envelope) { e.Replaces = "2026-6ba7b811-9dad-51d1-80b4-00c04fd430c8" }, "6ba7b811-9dad-51d1-80b4-00c04fd430c8"},
		{func(e *event.Envelope) { e.EventTime = "" }, ""},                            // an hour too late
		{func(e *event.Envelope) { e.EventTime = "2027-01-01T00:00:00Z" }, ""},        // nothing happens after it was said
		{func(e *event.Envelope) { e.Topic = "org.debian.dev.debmessenger.x.y" }, ""}, // another topic
		{func(e *event.Envelope) { e.MsgID = "" }, ""},                                // nothing to know it by
		{func(e *event.Envelope) { e.Msg = "no object" }, ""},                         // nobody
	} {
		e := e
		c.change(&e)
		got := ""
		for _, f := range set.Badges[0].Facts(NewEvent("org.debian", e)) {
			got += f.Unit
		}
		if got != c.want {
			t.Errorf("%+v says %q, want %q", e, got, c.want)
		}
	}
}

// TestPeriods holds days and weeks to the calendar.
func TestPeriods(t *testing.T) {
	monday := time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC)
	if got := PeriodBegin("week", Period("week", monday.Unix())); !got.Equal(monday) {
		t.Errorf("the week begins %s", got)
	}
	if Period("week", monday.Unix()-1) != Period("week", monday.Unix())-1 || Period("day", -1) != -1 || Period("day", 0) != 0 {
		t.Error("a period does not end where the next begins")
	}
}
