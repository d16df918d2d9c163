package archive

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseQuery(t *testing.T) {
	day := time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC)
	for text, want := range map[string]Query{
		"":                           {},
		"  - . ":                     {},
		"teapot whist* -kettle":      {Words: []string{"teapot", "whist*"}, Without: []string{"kettle"}},
		"C++ lib-foo std::string":    {Words: []string{"C++", "lib-foo", "std::string"}},
		`"pakcage:a" tags:b "Bug:7"`: {Words: []string{"pakcage:a", "tags:b", "Bug:7"}},
		`"soup is" https://x.org/a`:  {Words: []string{"soup is", "https://x.org/a"}},
		"topic:debbugs.bug package:a package:b -bug:7": {Conditions: []Condition{
			{Kind: Topic, Match: Under, Values: []string{"debbugs.bug"}}, {Kind: Package, Values: []string{"a", "b"}}, {Kind: Bug, Values: []string{"7"}, Not: true},
		}},
		`person:"Nora Ortega"`:                     {Conditions: []Condition{{Kind: Person, Match: Holds, Values: []string{"Nora Ortega"}}}},
		"since:2026-11-28 until:2026-11-28T12:00Z": {From: day, To: day.Add(12 * time.Hour)},
		"since:1795824000.5":                       {From: day.Add(time.Second / 2)},
	} {
		got, err := ParseQuery(strings.ReplaceAll(text, "12:00Z", "12:00"))
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%q: %v, %s", text, err, diff)
		}
	}
	for _, text := range []string{"since:soon", "since:-2h", "since:2w", "since:99999d", "until:", "-since:2026-11-28", "bug:", "since:NaN", "since:1e99", strings.Repeat("a ", 40), strings.Repeat("a", 5000)} {
		if q, err := ParseQuery(text); !errors.Is(err, ErrQuery) {
			t.Errorf("%.20q: %+v, %v", text, q, err)
		}
	}
	for text, meant := range map[string]string{
		"pakcage:foo": "package", "packge:foo": "package", "packages:foo": "package", "Bug:7": "bug", "-persom:Nora": "person", "topics:": "topic", "SUITE:sid": "suite",
	} {
		if _, err := ParseQuery(text); !errors.Is(err, ErrQuery) || !strings.Contains(err.Error(), "did you mean "+meant+":?") {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{"http:x", "tags:x", "lost:x", "bag:7", "std::string", "x:", ":x"} {
		if _, err := ParseQuery(text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// FuzzParseQuery: whatever is asked, the archive answers it or says that it is no
// question; and what it gives, is asked for.
func FuzzParseQuery(f *testing.F) {
	for _, seed := range []string{"teapot", `"`, "a*", "*", "-x", "NEAR(a b)", "topic:", "person:å", "bug:-1", "bug:007", "a AND OR", "since:0 until:9e9", "\x00:\xff", "東*", "ß ﬁ", "package:a:b"} {
		f.Add(seed)
	}
	a := mustOpen(f, Options{})
	m, s := newModel(), newSpeaker(3)
	var b Batch
	for range 50 {
		in := read(f, s.say().wire(f))
		b.Messages = append(b.Messages, in)
		m.append(in)
	}
	mustAppend(f, a, b)
	f.Fuzz(func(t *testing.T, text string) {
		q, err := ParseQuery(text)
		if err != nil {
			if !errors.Is(err, ErrQuery) {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		q.Prefix = prefix
		page, err := a.Find(context.Background(), q)
		if err != nil {
			if !errors.Is(err, ErrQuery) {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		for _, c := range q.Conditions {
			if c.Kind == Agent || c.Match == Under {
				return // the model knows them not, or not in all their forms
			}
		}
		same(t, text, page.Messages, m.find(q))
		if len(m.wrong) > 0 {
			t.Error(m.wrong[0])
		}
	})
}

// TestParseMoment: times, and whiles before now.
func TestParseMoment(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"2h": now.Add(-2 * time.Hour), "1h30m": now.Add(-90 * time.Minute), "0s": now, "1d": now.AddDate(0, 0, -1), "365d": now.AddDate(0, 0, -365),
		"0": time.Unix(0, 0).UTC(), "2026-02-03": time.Date(2026, 2, 3, 0, 0, 0, 0, time.UTC),
	} {
		if got, err := ParseMoment(text, now); !got.Equal(want) || err != nil {
			t.Errorf("%s is %v, %v; want %v", text, got, err, want)
		}
	}
	q, err := ParseQuery("since:2h")
	if ago := time.Since(q.From); ago < 2*time.Hour || ago > 3*time.Hour || err != nil {
		t.Errorf("since:2h begins %v ago, %v", ago, err)
	}
}
