package tables

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"busbar/common/dbrow"
	"busbar/common/translate"
)

func TestParseChange(t *testing.T) {
	p := func(s string) *string { return &s }
	ch, err := ParseChange([]byte(`{"table":"popcon","before":null,"revision":2,"recovered":true,
		"after":{"package":"teapot","insts":12345678901234567890,"share":0.25,"open":true,"note":null}}`))
	want := Change{Table: "popcon", Revision: 2, Recovered: true, After: dbrow.Columns{
		"package": p("teapot"), "insts": p("12345678901234567890"), "share": p("0.25"), "open": p("true"), "note": nil}}
	if err != nil || !reflect.DeepEqual(ch, want) {
		t.Errorf("got %+v (%v)", ch, err)
	}
	for _, bad := range []string{``, `7`, `{"after":7}`, `{"after":{"a":[1]}}`, `{"after":{"a":{"b":1}}}`, `{"table":7}`} {
		if _, err := ParseChange([]byte(bad)); err == nil || !strings.HasPrefix(err.Error(), "reading a change: ") {
			t.Errorf("%s gives %v", bad, err)
		}
	}
}

// TestTimes reads times as PostgreSQL, MariaDB and SQLite print them.
func TestTimes(t *testing.T) {
	for text, want := range map[string]string{
		"2026-03-14 09:26:53.589793":       "2026-03-14T09:26:53.589793Z",
		"2026-03-14 09:26:53":              "2026-03-14T09:26:53Z",
		"2026-03-14 09:26:53+00":           "2026-03-14T09:26:53Z",
		"2026-03-14 09:26:53.5-05":         "2026-03-14T14:26:53.5Z",
		"2026-03-14 09:26:53+05:30":        "2026-03-14T03:56:53Z",
		"2026-03-14T09:26:53.589793+02:00": "2026-03-14T07:26:53.589793Z",
		"2026-03-14T09:26:53":              "2026-03-14T09:26:53Z",
		"2026-03-14":                       "2026-03-14T00:00:00Z",
		"1773480413":                       "2026-03-14T09:26:53Z",
		"0000-00-00 00:00:00":              "",
		"1773480413 or so":                 "",
		"-7":                               "",
		"99999999999999":                   "",
		"infinity":                         "",
		"":                                 "",
	} {
		at, ok := table{}.parseTime(text, false)
		got := ""
		if ok {
			got = at.Format(time.RFC3339Nano)
		}
		if got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

// TestOnlyWhatIsWatched: other columns are neither told nor news.
func TestOnlyWhatIsWatched(t *testing.T) {
	p := func(s string) *string { return &s }
	before := dbrow.Columns{"package": p("teapot"), "insts": p("1"), "secret": p("a"), "seen": p("2026-03-01")}
	after := maps.Clone(before)
	after["secret"] = p("b")
	tr := translator(t, specs()...)
	o, err := translate.Run([]translate.Translator[Change]{tr}, translate.Item[Change]{Value: Change{Table: "popcon", Before: before, After: after}})
	if err != nil || o.Skip != "no watched column changed" {
		t.Errorf("a column that is not watched makes %+v (%v)", o, err)
	}
	after["insts"] = p("2")
	events, err := tr.Translate(translate.Item[Change]{Value: Change{Table: "popcon", Before: before, After: after}})
	if err != nil || len(events) != 1 {
		t.Fatalf("%v, %v", events, err)
	}
	b := events[0].Body.(Row)
	if got := slices.Sorted(maps.Keys(b.Row)); !slices.Equal(got, []string{"insts"}) || !slices.Equal(b.Changed, []string{"insts"}) {
		t.Errorf("the columns %v are told, %v as changed", got, b.Changed)
	}
	if b.Before["insts"] != "1" || b.Row["insts"] != "2" || b.Time != "2026-03-01T00:00:00Z" {
		t.Errorf("the body is %+v", b)
	}
}

// FuzzSentence: whatever the configuration holds, a sentence is refused or said
// at once, bounded, and on every row.
func FuzzSentence(f *testing.F) {
	for _, s := range []string{
		"{{.package}} has {{.insts}}", `{{printf "%5s" .note}}`, "{{range .}}{{end}}", `{{define "a"}}{{end}}`, "{{with .note}}{{.}}{{end}}",
		"{{$x := .vote}}{{$x}}", "{{html .note | print}}", "{{(index . \"vote\").x}}", "{{/* x */}}", "{{- .vote -}}", "{{slice .note 0 2}}", "{{break}}",
	} {
		f.Add(s, "x")
	}
	f.Fuzz(func(t *testing.T, sentence, value string) {
		s := specs()[0]
		s.Sentence = sentence
		say, err := parseSentence(s)
		if err != nil {
			return
		}
		for _, row := range []map[string]string{{}, {"insts": value, "vote": value, "note": value}} {
			if got := say(Row{Table: "popcon", Row: row}, "update"); len(got) > maxSentence+3 || got == "" {
				t.Errorf("%q says %d bytes", sentence, len(got))
			}
		}
	})
}
