package event

import (
	"maps"
	"slices"
	"strings"
)

// An About is what a message's body says that it is about. The lists are sorted,
// each name is there once, and a list has at most MaxAbout names.
type About struct {
	Packages []string // source and binary packages, without "src:"
	Bugs     []string // numbers
	People   []string // "Name <email>", an account, or what else names somebody

	Suites        []string
	Architectures []string
	Repositories  []string
	Lists         []string // mailing lists, by their ids
	Severities    []string // of bugs
}

// MaxAbout bounds each list of an About. It has room for the binaries of an upload.
const MaxAbout = 2048

// maxName bounds one name of an About in bytes; longer ones are no names.
const maxName = 256

// AboutOf gathers what a body is about, wherever in it that stands: by the member
// names that our bodies have in common, and those of old topics.
func AboutOf(msg any) About {
	var g gathered
	g.walk("", msg)
	return About{
		Packages: g.packages.sorted(), Bugs: g.bugs.sorted(), People: g.people.sorted(),
		Suites: g.suites.sorted(), Architectures: g.architectures.sorted(), Repositories: g.repositories.sorted(),
		Lists: g.lists.sorted(), Severities: g.severities.sorted(),
	}
}

type names map[string]bool

func (n *names) add(name string) {
	if name == "" || len(name) > maxName || len(*n) >= MaxAbout {
		return
	}
	if *n == nil {
		*n = names{}
	}
	(*n)[name] = true
}

func (n names) sorted() []string { return slices.Sorted(maps.Keys(n)) }

type gathered struct{ packages, bugs, people, suites, architectures, repositories, lists, severities names }

func (g *gathered) walk(key string, v any) {
	g.visit(key, v)
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			g.walk(k, v[k])
		}
	case []any:
		for _, x := range v {
			g.walk("", x)
		}
	}
}

func (g *gathered) visit(key string, v any) {
	switch key {
	case "package", "packages", "source", "Source", "Binary", "binaries":
		packageNames(v, &g.packages)
	case "bug", "bugs", "clones", "closes":
		bugNumbers(v, &g.bugs)
	case "suite":
		words(v, &g.suites)
	case "architecture", "Architecture":
		words(v, &g.architectures)
	case "repository":
		words(v, &g.repositories)
	case "list":
		words(v, &g.lists)
	case "severity":
		words(v, &g.severities)
	}
	switch x := v.(type) {
	case map[string]any:
		name, _ := x["name"].(string)
		if email, ok := x["email"].(string); ok && name+email != "" {
			g.people.add(Person{Name: name, Email: email}.String())
		}
	case string:
		switch key {
		case "from", "Maintainer", "Changed-By", "username":
			g.people.add(x)
		}
	}
}

func packageNames(v any, to *names) {
	switch v := v.(type) {
	case string:
		for name := range strings.FieldsFuncSeq(v, func(r rune) bool { return r == ' ' || r == ',' || r == '\n' }) {
			to.add(strings.TrimPrefix(name, "src:"))
		}
	case []any:
		for _, x := range v {
			packageNames(x, to)
		}
	}
}

// words adds the names of a text, which blanks separate, or of a list of them.
func words(v any, to *names) {
	switch v := v.(type) {
	case string:
		for name := range strings.FieldsSeq(v) {
			to.add(name)
		}
	case []any:
		for _, x := range v {
			words(x, to)
		}
	}
}

func bugNumbers(v any, to *names) {
	switch v := v.(type) {
	case Int:
		to.add(string(v))
	case string:
		if v != "" && strings.Trim(v, "0123456789") == "" {
			to.add(v)
		}
	case []any:
		for _, x := range v {
			bugNumbers(x, to)
		}
	}
}
