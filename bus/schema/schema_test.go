package schema

import (
	"encoding/json"
	"io/fs"
	"strings"
	"testing"

	"busbar/bus/kinds"
	"busbar/fixtures"
)

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
	all := All(kinds.All())
	seen := map[string]bool{}
	for _, source := range []fs.FS{fixtures.Mails, fixtures.Changes, fixtures.Pushes, fixtures.Bugs, fixtures.Canaries, fixtures.Badges} {
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
