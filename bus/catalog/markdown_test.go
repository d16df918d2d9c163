package catalog

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"busbar/bus/kinds"
	"busbar/bus/schema"
	"busbar/common/event"
	"busbar/common/programtest"
	"busbar/fixtures"
)

func TestMarkdownShowsEveryKind(t *testing.T) {
	var b strings.Builder
	examples, err := storedExamples()
	if err != nil {
		t.Fatal(err)
	}
	if err := writeMarkdown(&b, kinds.All(), examples); err != nil {
		t.Fatal(err)
	}
	for _, k := range kinds.All() {
		_, section, ok := strings.Cut(b.String(), "\n## "+k.Topic+"\n")
		section, _, _ = strings.Cut(section, "\n## ")
		if !ok || !strings.Contains(section, "```json\n") {
			t.Errorf("%s has no section or no example", k.Topic)
		}
		members := schema.Members(k.Body)
		if members == nil {
			continue // a map: its members are not fixed
		}
		if !strings.Contains(section, "| member | type | meaning |") {
			t.Errorf("%s has no table", k.Topic)
		}
		for _, f := range members {
			if f.Doc == "" || slices.Contains([]string{"", "any"}, schema.TypeName(f.Type)) {
				t.Errorf("%s: %s is not described", k.Topic, f.Name)
			}
		}
	}
}

// TestExamplesReference fails when the examples are not what the fixtures are.
func TestExamplesReference(t *testing.T) {
	examples := map[string]example{}
	for _, source := range []struct {
		files fs.FS
		ext   string
	}{{fixtures.Pushes, ".json"}, {fixtures.Mails, ".mail"}, {fixtures.Changes, ".json"}, {fixtures.Bugs, ".json"}, {fixtures.Canaries, ".json"}, {fixtures.Badges, ".json"}} {
		files, err := fs.Glob(source.files, "*/*.events.json")
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			from := strings.TrimSuffix(f, ".events.json") + source.ext
			if err := gather(examples, source.files, f, from); err != nil {
				t.Fatal(err)
			}
		}
	}
	page, err := json.MarshalIndent(examples, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	programtest.File(t, "examples.json", append(page, '\n'))
}

// gather keeps the first event of each kind.
func gather(examples map[string]example, files fs.FS, file, from string) error {
	raw, err := fs.ReadFile(files, file)
	if err != nil {
		return err
	}
	var golden struct {
		Events []struct {
			Topic, Title string
			Body         json.RawMessage
		}
	}
	if err := json.Unmarshal(raw, &golden); err != nil {
		return fmt.Errorf("reading fixture %s: %w", file, err)
	}
	for _, e := range golden.Events {
		if k, ok := kinds.All().ByTopic(e.Topic); !ok || k.Topic != e.Topic || examples[e.Topic].From != "" {
			continue // a topic that a configuration makes; or one that has its example
		}
		body, err := event.Parse(e.Body)
		if err != nil {
			return fmt.Errorf("reading fixture %s: %w", file, err)
		}
		short, err := json.Marshal(shorten(plain(body)))
		if err != nil {
			return fmt.Errorf("reading fixture %s: %w", file, err)
		}
		examples[e.Topic] = example{Title: e.Title, From: from, Body: short}
	}
	return nil
}

const mostOfText = 300 // bytes of one text in an example

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
