package main

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"path"
	"reflect"
	"strings"

	"busbar/common/event"
	"busbar/fixtures"
)

// writeMarkdown writes the reference page of topics: every member of every
// body, and a real example from the fixtures.
func writeMarkdown(w io.Writer, catalog event.Catalog) error {
	var b strings.Builder
	b.WriteString("# Topics\n\nMade by `make generate` from the adapters' own declarations and fixtures; do not edit.\n\n")
	b.WriteString("A full topic is `PREFIX.ENVIRONMENT.` and one of these. A person is `{\"name\", \"email\"}`; times are RFC 3339 in UTC. Members marked ? are left out when unknown.\n")
	for _, k := range catalog {
		fmt.Fprintf(&b, "\n## %s\n\n%s.\n", k.Topic, strings.TrimSuffix(meaning(k), "."))
		if t := bodyStruct(k.Body); t != nil {
			b.WriteString("\n| member | type | meaning |\n| --- | --- | --- |\n")
			writeFields(&b, "", t)
		}
		example, err := exampleOf(k.Topic)
		if err != nil {
			return err
		}
		if example != nil {
			fmt.Fprintf(&b, "\n> %s\n\nfrom [`%s`](../../fixtures/%s):\n\n```json\n%s\n```\n", example.Title, example.from, example.from, example.body())
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func bodyStruct(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Struct {
		return t
	}
	return nil
}

func writeFields(b *strings.Builder, prefix string, t reflect.Type) {
	for _, f := range fields(t) {
		mark := ""
		if f.optional {
			mark = " ?"
		}
		fmt.Fprintf(b, "| `%s%s`%s | %s | %s |\n", prefix, f.name, mark, typeName(f.typ), f.doc)
		inner := f.typ
		for inner.Kind() == reflect.Slice || inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Struct && inner != reflect.TypeFor[event.Person]() {
			writeFields(b, prefix+f.name+".", inner)
		}
	}
}

// An example is one event of a golden file.
type example struct {
	Topic string          `json:"topic"`
	Title string          `json:"title"`
	Body  json.RawMessage `json:"body"`
	from  string
}

const mostOfText = 300 // bytes of one text in an example

// body is the example's body, with long texts cut for the page.
func (e example) body() string {
	v, err := event.Parse(e.Body)
	if err != nil {
		return string(e.Body)
	}
	out, err := json.MarshalIndent(shorten(plain(v)), "", "  ")
	if err != nil {
		return string(e.Body)
	}
	return string(out)
}

// plain turns the parser's numbers into what encoding/json writes as numbers.
func plain(v any) any {
	switch v := v.(type) {
	case event.Int:
		return json.Number(v)
	case map[string]any:
		for k := range v {
			v[k] = plain(v[k])
		}
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
	}
	return v
}

func shorten(v any) any {
	switch v := v.(type) {
	case string:
		if r := []rune(v); len(r) > mostOfText {
			return string(r[:mostOfText]) + "…"
		}
	case map[string]any:
		for k := range v {
			v[k] = shorten(v[k])
		}
	case []any:
		for i := range v {
			v[i] = shorten(v[i])
		}
	}
	return v
}

// exampleOf finds the first golden event of a topic; nil if there is none.
func exampleOf(topic string) (*example, error) {
	for _, source := range []struct {
		files fs.FS
		ext   string
	}{{fixtures.Pushes, ".json"}, {fixtures.Mails, ".mail"}, {fixtures.Changes, ".json"}, {fixtures.Bugs, ".json"}} {
		files, err := fs.Glob(source.files, "*/*.events.json")
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			raw, err := fs.ReadFile(source.files, f)
			if err != nil {
				return nil, err
			}
			var golden struct {
				Events []example `json:"events"`
			}
			if err := json.Unmarshal(raw, &golden); err != nil {
				return nil, fmt.Errorf("reading fixture %s: %w", f, err)
			}
			for _, e := range golden.Events {
				if e.Topic == topic {
					e.from = path.Join(path.Dir(f), strings.TrimSuffix(path.Base(f), ".events.json")+source.ext)
					return &e, nil
				}
			}
		}
	}
	return nil, nil
}
