package tables

import (
	"strings"
	"testing"

	"busbar/adapters/adaptertest"
	"busbar/common/dbrow"
	"busbar/common/translate"
)

const fixtures = "../../fixtures/tables"

func specs() []Spec {
	return []Spec{
		{Table: "popcon", Topic: "udd.popcon", Key: []string{"package"}, Watch: []string{"insts", "vote", "note"}, Time: "seen",
			Sentence: "{{.package}} has {{.insts}} installations"},
		{Table: "plain", Topic: "udd.paint.colour", Key: []string{"id"}},
	}
}

func translator(t testing.TB, s ...Spec) translate.Translator[Change] {
	t.Helper()
	tr, err := New(s)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func load(raw []byte) Change {
	ch, err := ParseChange(raw)
	if err != nil {
		return Change{}
	}
	return ch
}

func TestConformance(t *testing.T) { adaptertest.Run(t, translator(t, specs()...), load, fixtures) }

func FuzzTranslate(f *testing.F) {
	adaptertest.Fuzz(f, translator(f, specs()...), load, fixtures)
}

func TestWrongSpecs(t *testing.T) {
	good := specs()[0]
	for want, change := range map[string]func(*Spec){
		"has no name":       func(s *Spec) { s.Table = "" },
		"names no columns":  func(s *Spec) { s.Key = nil },
		"topic":             func(s *Spec) { s.Topic = "Popcon" },
		"no template":       func(s *Spec) { s.Sentence = "{{.package" },
		"cannot be said":    func(s *Spec) { s.Sentence = "{{.package.name}}" },
		"not among those":   func(s *Spec) { s.Sentence = "{{if .vote}}{{.votes}}{{end}}" },
		"holds a loop":      func(s *Spec) { s.Sentence = "{{if .vote}}x{{else}}{{range 1000000000000}}{{end}}{{end}}" },
		"defines templates": func(s *Spec) { s.Sentence = `{{define "x"}}{{template "x"}}{{end}}{{template "x"}}` },
		"is not written":    func(s *Spec) { s.Sentence = "{{printf .note .insts}}" },
		"not written out":   func(s *Spec) { s.Sentence = "{{.note | printf}}" },
		"not defined":       func(s *Spec) { s.Sentence = "{{shout .package}}" },
		"is declared twice": func(s *Spec) { s.Topic = "udd.paint.colour" },
		"described twice":   func(s *Spec) { s.Table = "plain" },
	} {
		s := good
		change(&s)
		if _, err := New([]Spec{specs()[1], s}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("it gives %v, want %q", err, want)
		}
	}
}

func TestSentences(t *testing.T) {
	v := "x"
	row := dbrow.Columns{"package": &v, "insts": &v}
	for sentence, want := range map[string]string{
		"":                                     "x in popcon is new",
		"{{.package}}: {{.note}}!":             "x: !",
		"{{with .note}}{{.}}{{else}}-{{end}}":  "-",
		"  ":                                   "x in popcon is new",
		`{{if eq .insts "x"}}as many{{end}}`:   "as many",
		strings.Repeat("a", maxSentence+100):   strings.Repeat("a", maxSentence),
		"{{printf \"%1000000s\" .package}}end": strings.TrimSpace(strings.Repeat(" ", 1)),
	} {
		s := specs()[0]
		s.Sentence = sentence
		s.Watch = []string{"insts", "note"}
		events, err := translator(t, s).Translate(translate.Item[Change]{Value: Change{Table: "popcon", After: row}})
		if err != nil {
			t.Fatal(err)
		}
		got := events[0].Kind.Sentence(events[0].Body)
		if want == "" {
			want = "x in popcon is new"
		}
		if got != want {
			t.Errorf("%.40q says %.80q, want %.80q", sentence, got, want)
		}
	}
}

// TestKeysTellChangesApart: what differs in anything that is published is another
// fact, and the same told again is the same.
func TestKeysTellChangesApart(t *testing.T) {
	key := func(ch Change) string {
		events, err := translator(t, specs()...).Translate(translate.Item[Change]{Value: ch})
		if err != nil {
			t.Fatal(err)
		}
		return events[0].Key
	}
	p := func(s string) *string { return &s }
	red, blue := dbrow.Columns{"id": p("1"), "colour": p("red")}, dbrow.Columns{"id": p("1"), "colour": p("blue")}
	at := func(seen, votes string) dbrow.Columns {
		return dbrow.Columns{"package": p("teapot"), "vote": p(votes), "seen": p("2026-03-0" + seen)}
	}
	changes := []Change{
		{Table: "plain", After: red}, {Table: "plain", After: blue}, {Table: "plain", Before: red, After: blue},
		{Table: "plain", Before: blue, After: red}, {Table: "plain", Before: red, After: blue, Revision: 1}, {Table: "plain", Before: red},
		{Table: "plain", After: dbrow.Columns{"id": p("1"), "colour": nil}}, {Table: "plain", After: dbrow.Columns{"id": p("1"), "colour": p("")}},
		{Table: "plain", After: dbrow.Columns{"id": p("1red"), "colour": p("")}},
		{Table: "popcon", Before: at("1", "88"), After: at("1", "89")}, // a time that stays tells nothing apart
		{Table: "popcon", Before: at("1", "88"), After: at("1", "89"), Revision: 2},
		{Table: "popcon", Before: at("1", "88"), After: at("2", "89")},
		{Table: "popcon", Before: at("2", "88"), After: at("3", "89"), Revision: 1},
		{Table: "popcon", Before: at("3", "89")}, {Table: "popcon", Before: at("3", "89"), Revision: 4},
	}
	seen := map[string]int{}
	for i, ch := range changes {
		k := key(ch)
		if j, twice := seen[k]; twice {
			t.Errorf("changes %d and %d are one fact", i, j)
		}
		seen[k] = i
		if k != key(ch) {
			t.Errorf("change %d has two keys", i)
		}
	}
	timed := Change{Table: "popcon", Before: at("1", "88"), After: at("2", "89")}
	k := key(timed)
	if timed.Revision = 7; key(timed) != k {
		t.Error("a change that its own time tells hangs on how often the row changed before")
	}
}
