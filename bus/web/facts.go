package web

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"busbar/common/event"
	"busbar/common/show"
)

// A fact is a member of a body as a page shows it: a text, or more facts.
type fact struct {
	Name string // empty: of a list
	Text string
	Path string // of the page about it, or an address elsewhere
	More []fact
}

// empty says that there is nothing to be shown.
func (f fact) empty() bool { return f.Text == "" && len(f.More) == 0 }

// Bounds on what a page shows of a body; the whole stands behind it, as JSON.
const (
	maxFacts     = 400
	maxFactText  = 4 << 10
	maxFactDepth = 8
)

// linked are the members whose values have pages.
var linked = map[string]string{
	"package": "package", "packages": "package", "source": "package", "bug": "bug", "bugs": "bug", "closes": "bug",
	"suite": "suite", "architecture": "architecture", "repository": "repository", "list": "list",
}

// factsOf are the facts of a tree, as event.Parse gives it.
func factsOf(tree any) []fact {
	left := maxFacts
	m, ok := tree.(map[string]any)
	if !ok {
		return []fact{factOf("", tree, 0, &left)}
	}
	return members(m, 0, &left)
}

func members(m map[string]any, depth int, left *int) (list []fact) {
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if *left <= 0 {
			break
		}
		if f := factOf(k, m[k], depth, left); !f.empty() {
			list = append(list, f)
		}
	}
	return list
}

func factOf(name string, v any, depth int, left *int) fact {
	*left--
	f := fact{Name: show.Line(name)}
	switch v := v.(type) {
	case map[string]any:
		name, isName := v["name"].(string)
		email, isEmail := v["email"].(string)
		if isName && isEmail && len(v) == 2 {
			f.Text, f.Path = show.Line(event.Person{Name: name, Email: email}.String()), pathOf("person", cmp.Or(name, email))
			if name+email == "" {
				f = fact{}
			}
			return f
		}
		if depth < maxFactDepth {
			f.More = members(v, depth+1, left)
		}
	case []any:
		for _, x := range v {
			if *left > 0 && depth < maxFactDepth {
				item := factOf(name, x, depth+1, left)
				if item.Name = ""; item.empty() {
					continue
				}
				f.More = append(f.More, item)
			}
		}
	case string:
		f.Text = show.Lines(cut(v, maxFactText))
		if field := linked[name]; field != "" && v != "" && !strings.ContainsAny(v, "\n\"") {
			f.Path = pathOf(field, strings.TrimPrefix(v, "src:"))
		} else if link := safeLink(v); link != "" {
			f.Path = link
		}
	case event.Int:
		f.Text = string(v)
		if linked[name] == "bug" {
			f.Path = pathOf("bug", f.Text)
		}
	case nil: // nothing to be shown
	default:
		if text, err := event.Canonical(v); err == nil {
			f.Text = cut(string(text), maxFactText)
		}
	}
	return f
}

// cut shortens a text to n bytes, in whole characters.
func cut(text string, n int) string {
	if len(text) <= n {
		return text
	}
	return strings.ToValidUTF8(text[:n], "") + " …"
}
