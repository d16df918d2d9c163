package schema

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"busbar/bus/kinds"
)

// document is the description as programs read it.
func document(t *testing.T) map[string]any {
	t.Helper()
	raw, err := json.Marshal(AsyncAPI(kinds.All()))
	if err != nil {
		t.Fatal(err)
	}
	var d map[string]any
	if err := json.Unmarshal(raw, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// at follows a pointer (RFC 6901) within the document.
func at(d map[string]any, pointer string) (v any, ok bool) {
	v = d
	for name := range strings.SplitSeq(strings.TrimPrefix(pointer, "#/"), "/") {
		object, is := v.(map[string]any)
		if !is {
			return nil, false
		}
		if v, ok = object[name]; !ok {
			return nil, false
		}
	}
	return v, true
}

func object(t *testing.T, d map[string]any, pointer string) map[string]any {
	t.Helper()
	v, _ := at(d, pointer)
	o, ok := v.(map[string]any)
	if !ok {
		t.Fatalf("%s is %T, no object", pointer, v)
	}
	return o
}

var (
	identifier = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)
	expression = regexp.MustCompile(`\{([^}]*)\}`)
)

// TestAsyncAPI holds the document to the rules of AsyncAPI 3.0.0 that its form rests
// on; `make check-schemas` holds it to the official schema.
func TestAsyncAPI(t *testing.T) {
	d := document(t)
	if d["asyncapi"] != "3.0.0" || d["defaultContentType"] != "application/json" {
		t.Errorf("it is of %v, %v", d["asyncapi"], d["defaultContentType"])
	}
	info := object(t, d, "#/info")
	for _, name := range []string{"title", "version", "description"} {
		if s, ok := info[name].(string); !ok || s == "" {
			t.Errorf("info has no %s", name)
		}
	}
	for name, s := range object(t, d, "#/servers") {
		server := s.(map[string]any)
		if server["host"] == nil || server["protocol"] == nil || !identifier.MatchString(name) {
			t.Errorf("the server %q has no host or protocol", name)
		}
		variables, _ := server["variables"].(map[string]any)
		for _, m := range expression.FindAllStringSubmatch(server["host"].(string), -1) {
			if variables[m[1]] == nil {
				t.Errorf("the server %q has no variable %s", name, m[1])
			}
		}
	}
	resolve(t, d, "#", d)
	channels, operations := object(t, d, "#/channels"), object(t, d, "#/operations")
	for _, k := range kinds.All() {
		if !identifier.MatchString(k.Topic) {
			t.Errorf("%q is no identifier", k.Topic)
		}
		c, ok := channels[k.Topic].(map[string]any)
		if !ok {
			t.Errorf("%s has no channel", k.Topic)
			continue
		}
		parameters, _ := c["parameters"].(map[string]any)
		address, _ := c["address"].(string)
		var named []string
		for _, m := range expression.FindAllStringSubmatch(address, -1) {
			named = append(named, m[1])
		}
		if !strings.HasSuffix(address, "."+k.Topic) || !slices.Equal(slices.Sorted(slices.Values(named)), slices.Sorted(maps.Keys(parameters))) {
			t.Errorf("the channel %s has the address %q and the parameters %v", k.Topic, address, parameters)
		}
		o, ok := operations["receive."+k.Topic].(map[string]any)
		if !ok || o["action"] != "receive" || o["channel"].(map[string]any)["$ref"] != "#/channels/"+k.Topic {
			t.Errorf("%s has no operation: %v", k.Topic, o)
			continue
		}
		for _, m := range o["messages"].([]any) { // of the channel's own, not of components (3.0.0, Operation Object)
			if p := m.(map[string]any)["$ref"].(string); !strings.HasPrefix(p, "#/channels/"+k.Topic+"/messages/") {
				t.Errorf("the operation of %s has the message %s", k.Topic, p)
			}
		}
	}
	if n := len(kinds.All()); len(channels) != n || len(operations) != n {
		t.Errorf("%d channels and %d operations of %d kinds", len(channels), len(operations), n)
	}
}

// resolve finds references that lead nowhere.
func resolve(t *testing.T, d map[string]any, where string, v any) {
	t.Helper()
	switch v := v.(type) {
	case map[string]any:
		if p, ok := v["$ref"].(string); ok {
			if _, found := at(d, p); !found || len(v) != 1 {
				t.Errorf("%s refers to %s, which is not there, or says more", where, p)
			}
			return
		}
		for name, inner := range v {
			resolve(t, d, where+"/"+name, inner)
		}
	case []any:
		for _, inner := range v {
			resolve(t, d, where+"/[]", inner)
		}
	}
}

var member = regexp.MustCompile("(?m)^\\| `([a-z0-9_]+)` \\| ([a-z]+) \\| ([^|]+) \\|")

// TestEnvelopeIsDocumented: the members of a message are those of the reference page.
func TestEnvelopeIsDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/reference/message.md")
	if err != nil {
		t.Fatal(err)
	}
	text, _, _ := strings.Cut(string(page), "\n## Canonical form")
	payload := object(t, document(t), "#/components/messages/lists.mail.receive/payload")
	properties := payload["properties"].(map[string]any)
	seen := 0
	for _, m := range member.FindAllStringSubmatch(text, -1) {
		seen++
		if properties[m[1]] == nil {
			t.Errorf("the schema has no %s", m[1])
			continue
		}
		if required := slices.Contains(payload["required"].([]any), any(m[1])); required != (m[3] == "yes") {
			t.Errorf("%s is required: %v; the page says %q", m[1], required, m[3])
		}
	}
	if seen != len(properties) || seen < 20 {
		t.Errorf("the page has %d members, the schema %d", seen, len(properties))
	}
}
