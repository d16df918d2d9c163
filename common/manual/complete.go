package manual

import (
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// What a value or an argument is completed with.
type filling int

const (
	nothing filling = iota
	files
	folders
)

// fills says what a value is completed with: choices first, else files where its
// name says that it is one.
func fills(v *kong.Value, name string) filling {
	upper := strings.ToUpper(name)
	switch {
	case strings.Contains(upper, "DIR") || strings.Contains(upper, "FOLDER"):
		return folders
	case v.Tag != nil && v.Tag.Type == "path", strings.Contains(upper, "FILE"), strings.Contains(upper, "PATH"), upper == "ITEMS", upper == "COMMAND", upper == "REPOSITORIES":
		return files
	}
	return nothing
}

// A level is a place on the command line: the program, or one of its commands, with
// what may stand there.
type level struct {
	path     []string // "keys", "issue"
	help     string
	children []*kong.Node
	flags    []*kong.Flag // all that may stand there
	args     filling
}

// levels are all places, the program first.
func (m *Manual) levels() []level {
	var all []level
	var visit func(n *kong.Node, path []string, flags []*kong.Flag)
	visit = func(n *kong.Node, path []string, flags []*kong.Flag) {
		flags = append(slices.Clip(flags), shown(n.Flags)...)
		l := level{path: path, help: n.Help, flags: flags}
		for _, a := range n.Positional {
			l.args = max(l.args, fills(a, a.Name))
		}
		for _, c := range n.Children {
			if !c.Hidden {
				l.children = append(l.children, c)
			}
		}
		all = append(all, l)
		for _, c := range l.children {
			visit(c, append(slices.Clip(path), c.Name), flags)
		}
	}
	visit(m.Model.Node, nil, nil)
	return all
}

// withValue are the flags, of whatever command, that have a value.
func (m *Manual) withValue() (names []string) {
	for _, l := range m.levels() {
		for _, f := range l.flags {
			if value(f) != "" && !slices.Contains(names, "--"+f.Name) {
				names = append(names, "--"+f.Name)
			}
		}
	}
	slices.Sort(names)
	return names
}

// short is the beginning of a help text, for a line beside a word.
func short(help string) string {
	const most = 70
	s := []rune(first(help))
	if len(s) <= most {
		return string(s)
	}
	cut := string(s[:most])
	if i := strings.LastIndex(cut, " "); i > 0 {
		cut = cut[:i]
	}
	return strings.TrimRight(cut, " ,:;(") + "…"
}

// single is a word in single quotes for bash and zsh.
func single(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
