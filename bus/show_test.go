package main

import (
	"encoding/json"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"busbar/common/daemon"
	"busbar/common/event"
	"busbar/common/show"
	"busbar/common/wire"
	"busbar/fixtures"
)

func parse(t testing.TB, text string) any {
	t.Helper()
	v, err := event.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestFilter(t *testing.T) {
	bug := event.Envelope{
		Topic: "org.debian.dev.debbugs.bug.create",
		Msg:   parse(t, `{"package": "teapot", "packages": ["src:kettle"], "person": {"name": "Nora Ortega", "email": "nora@example.org"}}`),
	}
	foreign := event.Envelope{Topic: "org.example.prod.debbugs.bug.create", Msg: parse(t, `[{"Binary": "a, b"}, 7, null]`)}
	for _, c := range []struct {
		f    filter
		e    event.Envelope
		want bool
	}{
		{filter{}, bug, true},
		{filter{topics: []string{"debbugs"}}, bug, true},
		{filter{topics: []string{"debbugs.bug.*"}}, bug, true},
		{filter{topics: []string{"org.debian.dev"}}, bug, true},
		{filter{topics: []string{"*"}}, bug, true},
		{filter{topics: []string{"debbugs.b"}}, bug, false},
		{filter{topics: []string{"bug"}}, bug, false},
		{filter{topics: []string{"dak", "debbugs"}}, bug, true},
		{filter{topics: []string{"debbugs"}}, foreign, false},
		{filter{topics: []string{"org.example.prod.debbugs"}}, foreign, true},
		{filter{packages: []string{"kettle"}}, bug, true},
		{filter{packages: []string{"tea"}}, bug, false},
		{filter{packages: []string{"b"}}, foreign, true},
		{filter{people: []string{"ORTEGA"}}, bug, true},
		{filter{people: []string{"nora@"}}, foreign, false},
		{filter{topics: []string{"debbugs"}, people: []string{"somebody"}}, bug, false},
	} {
		c.f.bus = daemon.DefaultBus()
		if got := c.f.takes(c.e); got != c.want {
			t.Errorf("%+v takes %s: %v", c.f, c.e.Topic, got)
		}
	}
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"plain é 😀":          "plain é 😀",
		"\x1b[2J\r\n\t\x00":  "\uFFFD[2J\uFFFD\uFFFD\uFFFD\uFFFD",
		"\u009b31m\u202eabc": "\uFFFD31m\uFFFDabc",
	} {
		if got := show.Line(in); got != want {
			t.Errorf("show.Line(%q) = %q, not %q", in, got, want)
		}
	}
}

// FuzzSentence: no body of any known kind breaks the printer or reaches the
// terminal as a command.
func FuzzSentence(f *testing.F) {
	for i := range kinds() {
		f.Add(uint(i), []byte(`{"package": "a\u001b[2J", "person": {"name": "\u202e"}, "bug": 1, "title": "\u009b"}`))
	}
	f.Add(uint(0), []byte(`{"log": "\u0007"}`))
	f.Add(uint(1), []byte(`[NaN, 1e999, {"a": "\ud800"}]`))
	o := printer{catalog: kinds()}
	f.Fuzz(func(t *testing.T, kind uint, body []byte) {
		v, err := event.Parse(body)
		if err != nil {
			return
		}
		k := o.catalog[kind%uint(len(o.catalog))]
		s := string(o.sentence(wire.Delivery{Envelope: event.Envelope{Topic: "org.debian.dev." + k.Topic, Msg: v}}))
		if show.Line(s) != s || !utf8.ValidString(s) {
			t.Errorf("printed %q", s)
		}
	})
}

// fits compares the events of a golden file with their schemas.
func fits(t *testing.T, source fs.FS, file string, all map[string]any, seen map[string]bool) {
	t.Helper()
	raw, err := fs.ReadFile(source, file)
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Events []struct {
			Topic string
			Body  any
		}
	}
	if err := json.Unmarshal(raw, &golden); err != nil {
		t.Fatal(err)
	}
	for _, e := range golden.Events {
		schema, ok := all[e.Topic].(map[string]any)
		if !ok {
			t.Errorf("%s: no schema of %s", file, e.Topic)
			continue
		}
		seen[e.Topic] = true
		misfit(t, file+" "+e.Topic, schema, e.Body)
	}
}

// TestFixturesFitTheirSchemas: every golden body is what its schema says.
func TestFixturesFitTheirSchemas(t *testing.T) {
	all := schemas(kinds())
	seen := map[string]bool{}
	for _, source := range []fs.FS{fixtures.Mails, fixtures.Changes, fixtures.Pushes, fixtures.Bugs} {
		files, err := fs.Glob(source, "*/*.events.json")
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.HasPrefix(file, "tables/") {
				continue // whose topics a configuration makes
			}
			fits(t, source, file, all, seen)
		}
	}
	if len(seen) != len(all) {
		t.Errorf("fixtures show %d of %d kinds", len(seen), len(all))
	}
}

// misfit reports where a value is not what a schema of ours says.
func misfit(t *testing.T, where string, schema map[string]any, v any) {
	t.Helper()
	switch schema["type"] {
	case "object":
		object, ok := v.(map[string]any)
		if !ok {
			t.Errorf("%s is %T, no object", where, v)
			return
		}
		properties, _ := schema["properties"].(map[string]any)
		required, _ := schema["required"].([]string)
		for _, name := range required {
			if _, ok := object[name]; !ok {
				t.Errorf("%s has no %s", where, name)
			}
		}
		for name, member := range object {
			s, ok := properties[name].(map[string]any)
			if !ok {
				if s, ok = schema["additionalProperties"].(map[string]any); !ok {
					t.Errorf("%s has %s, which the schema does not know", where, name)
					continue
				}
			}
			misfit(t, where+"."+name, s, member)
		}
	case "array":
		list, ok := v.([]any)
		if !ok {
			t.Errorf("%s is %T, no array", where, v)
		}
		for _, x := range list {
			misfit(t, where+"[]", schema["items"].(map[string]any), x)
		}
	case "string", "boolean", "integer":
		want := map[string]bool{"string": false, "boolean": false, "integer": false}
		switch x := v.(type) {
		case string:
			want["string"] = true
		case bool:
			want["boolean"] = true
		case float64:
			want["integer"] = x == float64(int64(x))
		}
		if !want[schema["type"].(string)] {
			t.Errorf("%s is %T, no %s", where, v, schema["type"])
		}
	}
}

func TestMarkdownShowsEveryKind(t *testing.T) {
	var b strings.Builder
	if err := writeMarkdown(&b, kinds()); err != nil {
		t.Fatal(err)
	}
	for _, k := range kinds() {
		_, section, ok := strings.Cut(b.String(), "\n## "+k.Topic+"\n")
		section, _, _ = strings.Cut(section, "\n## ")
		if !ok || !strings.Contains(section, "```json\n") {
			t.Errorf("%s has no section or no example", k.Topic)
		}
		if bodyStruct(k.Body) == nil {
			continue // a map: its members are not fixed
		}
		if !strings.Contains(section, "| member | type | meaning |") {
			t.Errorf("%s has no table", k.Topic)
		}
		for _, f := range fields(k.Body) {
			if f.doc == "" || slices.Contains([]string{"", "any"}, typeName(f.typ)) {
				t.Errorf("%s: %s is not described", k.Topic, f.name)
			}
		}
	}
}
