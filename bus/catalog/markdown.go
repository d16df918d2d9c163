package catalog

import (
	"bytes"
	_ "embed" // of the examples
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strings"

	"busbar/bus/kinds"
	"busbar/bus/schema"
	"busbar/common/event"
)

// writeMarkdown writes the reference page of topics: every member of every body,
// and an example of each.
func writeMarkdown(w io.Writer, catalog event.Catalog, examples map[string]example) error {
	var b strings.Builder
	b.WriteString("# Topics\n\nMade by `make generate` from the adapters' own declarations and fixtures; do not edit.\n\n")
	b.WriteString("A full topic is `PREFIX.ENVIRONMENT.` and one of these. A person is `{\"name\", \"email\"}`; times are RFC 3339 in UTC. Members marked ? are left out when unknown.\n")
	for _, k := range catalog {
		fmt.Fprintf(&b, "\n## %s\n\n%s.\n", k.Topic, strings.TrimSuffix(kinds.Meaning(k), "."))
		if members := schema.Members(k.Body); members != nil {
			b.WriteString("\n| member | type | meaning |\n| --- | --- | --- |\n")
			writeMembers(&b, "", members)
		}
		if e, ok := examples[k.Topic]; ok {
			var body bytes.Buffer
			if err := json.Indent(&body, e.Body, "", "  "); err != nil {
				return fmt.Errorf("reading the example of %s: %w", k.Topic, err)
			}
			fmt.Fprintf(&b, "\n> %s\n\nfrom [`%s`](../../fixtures/%s):\n\n```json\n%s\n```\n", e.Title, e.From, e.From, body.Bytes())
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func writeMembers(b *strings.Builder, prefix string, members []schema.Member) {
	for _, m := range members {
		mark := ""
		if m.Optional {
			mark = " ?"
		}
		fmt.Fprintf(b, "| `%s%s`%s | %s | %s |\n", prefix, m.Name, mark, schema.TypeName(m.Type), m.Doc)
		inner := m.Type
		for inner.Kind() == reflect.Slice || inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		if inner != reflect.TypeFor[event.Person]() {
			writeMembers(b, prefix+m.Name+".", schema.Members(inner))
		}
	}
}

// An example is an event of the fixtures, with long texts cut.
type example struct {
	Title string          `json:"title"`
	From  string          `json:"from"` // the file below fixtures/
	Body  json.RawMessage `json:"body"`
}

// stored is an example of each topic, as the tests take them from the fixtures,
// which no program but the demo holds.
//
//go:embed examples.json
var stored []byte

func storedExamples() (map[string]example, error) {
	var all map[string]example
	if err := json.Unmarshal(stored, &all); err != nil {
		return nil, fmt.Errorf("reading the examples: %w", err)
	}
	return all, nil
}
