package main

import (
	"slices"
	"strings"

	"busbar/common/daemon"
	"busbar/common/event"
)

// A filter takes a message that fits every kind of condition that is given;
// within one kind, any will do.
type filter struct {
	topics, packages, people []string
	bus                      daemon.BusConfig
}

func (f filter) takes(e event.Envelope) bool {
	return (len(f.topics) == 0 || slices.ContainsFunc(f.topics, func(t string) bool { return f.underTopic(e.Topic, t) })) &&
		(len(f.packages) == 0 || slices.ContainsFunc(packagesOf(e.Msg), func(p string) bool { return slices.Contains(f.packages, p) })) &&
		(len(f.people) == 0 || slices.ContainsFunc(peopleOf(e.Msg), f.wantsPerson))
}

// underTopic compares whole parts: "debbugs.bug" takes debbugs.bug.create, not
// debbugs.bugzilla.create. Prefix and environment may be left out.
func (f filter) underTopic(topic, want string) bool {
	want = strings.TrimSuffix(strings.TrimSuffix(want, "*"), ".")
	if under(topic, want) {
		return true
	}
	bare, ours := strings.CutPrefix(topic, f.bus.Prefix+".")
	_, bare, _ = strings.Cut(bare, ".") // the environment, whichever
	return ours && under(bare, want)
}

func under(topic, want string) bool {
	rest, ok := strings.CutPrefix(topic, want)
	return ok && (want == "" || rest == "" || rest[0] == '.')
}

func (f filter) wantsPerson(person string) bool {
	return slices.ContainsFunc(f.people, func(p string) bool {
		return strings.Contains(strings.ToLower(person), strings.ToLower(p))
	})
}

// packagesOf gathers the packages that a body names: our common fields, and
// those of the old topics.
func packagesOf(body any) []string {
	var found []string
	walk(body, func(key string, v any) {
		switch key {
		case "package", "packages", "source", "Source", "Binary", "binaries":
			found = append(found, words(v)...)
		}
	})
	return found
}

// words are the names in a text or a list of texts; "src:" is cut off.
func words(v any) []string {
	switch v := v.(type) {
	case string:
		fields := strings.FieldsFunc(v, func(r rune) bool { return r == ' ' || r == ',' || r == '\n' })
		for i := range fields {
			fields[i] = strings.TrimPrefix(fields[i], "src:")
		}
		return fields
	case []any:
		var all []string
		for _, x := range v {
			all = append(all, words(x)...)
		}
		return all
	}
	return nil
}

// peopleOf gathers the people that a body names, wherever they stand.
func peopleOf(body any) []string {
	var found []string
	walk(body, func(key string, v any) {
		switch x := v.(type) {
		case map[string]any:
			name, _ := x["name"].(string)
			email, ok := x["email"].(string)
			if ok {
				found = append(found, name+" <"+email+">")
			}
		case string:
			switch key {
			case "from", "Maintainer", "Changed-By", "username":
				found = append(found, x)
			}
		}
	})
	return found
}

func walk(v any, visit func(key string, v any)) {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			visit(k, x)
			walk(x, visit)
		}
	case []any:
		for _, x := range v {
			visit("", x)
			walk(x, visit)
		}
	}
}
