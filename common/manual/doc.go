// Package manual says in every form what a program is, from what it declares anyway:
// its command line (a kong grammar), its configuration (see config.Keys) and its
// examples. The forms are the reference page in Markdown, manual pages in mdoc(7),
// completions for bash, zsh and fish, and a sample of the configuration.
//
// Not here: pages that people write, and where files go.
package manual

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"busbar/common/config"
)

// An Example is a command line that works, for --help, the reference and the
// manual.
type Example struct {
	Command string // whose: "keys issue", without the program's name
	Does    string // what it does: "Follow the bus."
	Line    string // as typed, without a prompt; it may have several lines
}

// title is what stands above the line.
func (e Example) title() string { return strings.TrimSuffix(e.Does, ".") + ":" }

// A Manual is what a program is.
type Manual struct {
	Model    *kong.Application // name, description and commands
	About    []string          // paragraphs that follow the description
	Keys     []config.Key
	Examples []Example
	PageEach bool      // a manual page for each command
	Version  string    // of the program
	Date     time.Time // of the manual
}

// Program is the program's name.
func (m *Manual) Program() string { return m.Model.Name }

// Of gives the examples of a command, named without the program.
func Of(examples []Example, command string) []Example {
	return slices.DeleteFunc(slices.Clone(examples), func(e Example) bool { return e.Command != command })
}

// Without names the commands that have no example.
func (m *Manual) Without() (names []string) {
	for _, leaf := range m.Model.Leaves(true) {
		if name := m.name(leaf); len(Of(m.Examples, name)) == 0 {
			names = append(names, name)
		}
	}
	return names
}

// name is a command's, without the program's.
func (m *Manual) name(n *kong.Node) string {
	return strings.TrimPrefix(strings.TrimPrefix(n.FullPath(), m.Program()), " ")
}

// flagsOf are the flags of a command, its own and those of the commands that it
// is in, without the program's.
func flagsOf(leaf *kong.Node) (flags []*kong.Flag) {
	for n := leaf; n != nil && n.Type != kong.ApplicationNode; n = n.Parent {
		flags = append(flags, shown(n.Flags)...)
	}
	return flags
}

func shown(flags []*kong.Flag) []*kong.Flag {
	return slices.DeleteFunc(slices.Clone(flags), func(f *kong.Flag) bool { return f.Hidden })
}

// value is what a flag's value is called; empty: it takes none.
func value(f *kong.Flag) string {
	if f.IsBool() || f.IsCounter() {
		return ""
	}
	return strings.Trim(f.FormatPlaceHolder(), `"`)
}

// choices are the words that a value may be; nil: any.
func choices(v *kong.Value) []string {
	if v.Enum != "" {
		return v.EnumSlice()
	}
	return nil
}

var sentence = regexp.MustCompile(`(?s)^(.*?[.!?])\s+[A-Z'` + "`" + `\[(]`)

// first is the first sentence of a help text, as the one line of a manual's name:
// without its stop.
func first(help string) string {
	if m := sentence.FindStringSubmatch(help); m != nil {
		help = m[1]
	}
	return strings.TrimSuffix(help, ".")
}
