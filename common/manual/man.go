package manual

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// Pages are the program's manual pages, by the names of their files: PROGRAM.1,
// PROGRAM-COMMAND.1 if each command has one, PROGRAM.toml.5.
func (m *Manual) Pages() map[string]func(io.Writer) error {
	pages := map[string]func(io.Writer) error{
		m.Program() + ".1":      m.page(m.writeProgram),
		m.Program() + ".toml.5": m.page(m.writeConfiguration),
	}
	if m.PageEach {
		for _, n := range m.commands() {
			pages[m.Program()+"-"+n.Name+".1"] = m.page(func(d *mdoc) { m.writePage(d, n) })
		}
	}
	return pages
}

func (m *Manual) page(write func(*mdoc)) func(io.Writer) error {
	return func(w io.Writer) error {
		d := &mdoc{}
		write(d)
		_, err := io.WriteString(w, d.String())
		return err
	}
}

// commands are the program's own, in order, without those in them.
func (m *Manual) commands() []*kong.Node {
	return slices.DeleteFunc(slices.Clone(m.Model.Children), func(n *kong.Node) bool { return n.Hidden })
}

func (m *Manual) writeProgram(d *mdoc) {
	name := m.Program()
	d.begin(name, "1", m.Version, lower(first(m.Model.Help)), m.Date)
	d.line("Sh", "SYNOPSIS")
	d.line("Nm")
	synopsis(d, m.Model.Flags)
	d.line("Ar", "command", "...")
	d.line("Sh", "DESCRIPTION")
	d.text(m.Model.Help)
	for _, paragraph := range m.About {
		d.line("Pp")
		d.text(paragraph)
	}
	d.raw(".Pp", "These flags stand before or behind any command:")
	flags(d, m.Model.Flags)
	d.line("Sh", "COMMANDS")
	if m.PageEach {
		d.line("Bl", "-tag", "-width", "Ds")
		for _, n := range m.commands() {
			d.line("It", "Xr", name+"-"+n.Name, "1")
			d.text(n.Help)
		}
		d.line("El")
	} else {
		for _, n := range m.Model.Leaves(true) {
			d.line("Ss", word(n.FullPath()))
			if len(n.Positional)+len(flagsOf(n)) > 0 {
				m.usage(d, n)
				d.line("Pp")
			}
			d.text(n.Help)
			m.details(d, n)
		}
	}
	m.writeEnvironment(d)
	m.writeFiles(d, true)
	m.writeEnd(d, m.Examples, "")
}

// writePage writes the page of one command, with those in it.
func (m *Manual) writePage(d *mdoc, n *kong.Node) {
	name := m.Program() + "-" + n.Name
	d.begin(name, "1", m.Version, lower(first(n.Help)), m.Date)
	leaves := n.Leaves(true)
	d.line("Sh", "SYNOPSIS")
	if len(leaves) == 0 {
		m.usage(d, n)
	}
	for i, leaf := range leaves {
		if i > 0 {
			d.line("Pp")
		}
		m.usage(d, leaf)
	}
	d.line("Sh", "DESCRIPTION")
	d.text(n.Help)
	if len(leaves) == 0 {
		m.details(d, n)
	}
	examples := Of(m.Examples, m.name(n))
	for _, leaf := range leaves {
		d.line("Ss", word(leaf.FullPath()))
		d.text(leaf.Help)
		m.details(d, leaf)
		examples = append(examples, Of(m.Examples, m.name(leaf))...)
	}
	m.writeEnd(d, examples, n.Name)
}

// usage writes the command with its flags and arguments.
func (m *Manual) usage(d *mdoc, n *kong.Node) {
	d.line("Nm", n.FullPath())
	synopsis(d, flagsOf(n))
	for _, a := range n.Positional {
		name := strings.Trim(a.Summary(), "[]<> .")
		arg := "Ar " + word(name)
		if a.IsCumulative() {
			arg += " ..."
		}
		if a.Required {
			d.line(arg)
		} else {
			d.line("Op " + arg)
		}
	}
}

func synopsis(d *mdoc, all []*kong.Flag) {
	for _, f := range shown(all) {
		macro := "Op"
		if f.Required {
			macro = ""
		}
		d.line(strings.TrimSpace(macro + " " + flag(f)))
	}
}

// flag is a flag with the name of its value: Fl adds one dash of the two.
func flag(f *kong.Flag) string {
	s := `Fl \-` + dashes(f.Name)
	if v := value(f); v != "" {
		s += " Ns = Ns Ar " + word(cmpChoices(f, v))
	}
	return s
}

func cmpChoices(f *kong.Flag, v string) string {
	if c := choices(f.Value); c != nil {
		return strings.Join(c, "|")
	}
	return v
}

// details writes the arguments and flags of a command.
func (m *Manual) details(d *mdoc, n *kong.Node) {
	if len(n.Positional) > 0 {
		d.line("Bl", "-tag", "-width", "Ds")
		for _, a := range n.Positional {
			d.line("It", "Ar", word(strings.Trim(a.Summary(), "[]<> .")))
			d.text(a.Help)
		}
		d.line("El")
	}
	flags(d, flagsOf(n))
}

func flags(d *mdoc, all []*kong.Flag) {
	if all = shown(all); len(all) == 0 {
		return
	}
	d.line("Bl", "-tag", "-width", "Ds")
	for _, f := range all {
		d.line("It", flag(f))
		d.text(f.Help)
		if f.HasDefault && f.Default != "" && !strings.Contains(f.Help, "Default:") {
			d.text("Default: `" + f.Default + "`.")
		}
	}
	d.line("El")
}

// writeEnd writes what is one in all pages of programs; command is the page's.
func (m *Manual) writeEnd(d *mdoc, examples []Example, command string) {
	d.line("Sh", "EXIT STATUS")
	d.line("Bl", "-tag", "-width", "Ds")
	for _, code := range slices.Sorted(maps.Keys(codes)) {
		d.line("It", fmt.Sprint(code))
		d.text(codes[code])
	}
	d.line("El")
	if len(examples) > 0 && (m.PageEach == (command != "")) {
		d.line("Sh", "EXAMPLES")
		for i, e := range examples {
			if i > 0 {
				d.line("Pp")
			}
			d.text(e.title())
			d.verbatim(e.Line)
		}
	}
	var see []string
	if command != "" {
		see = append(see, "bus 1")
	} else if m.Program() != "bus" {
		see = append(see, "bus 1", m.Program()+".toml 5")
	}
	see = append(see, "bus.toml 5", "busbar-message 7", "busbar-topics 7")
	references(d, see)
}

// codes are what an exit code says, of all programs.
var codes = map[int]string{
	0:  "All went well.",
	1:  "It failed, or what was asked for is not so.",
	64: "The command line is wrong.",
	75: "It failed for now: what is waited for is down, or taken. Try again.",
	78: "The configuration, a key, a path or a right is wrong, and stays wrong until a person acts.",
}

// references writes the last section, by section and name; each is a name and a section.
func references(d *mdoc, see []string) {
	slices.SortFunc(see, func(a, b string) int {
		na, sa, _ := strings.Cut(a, " ")
		nb, sb, _ := strings.Cut(b, " ")
		return strings.Compare(sa+na, sb+nb)
	})
	d.line("Sh", "SEE ALSO")
	for i, s := range see {
		if i < len(see)-1 {
			s += " ,"
		}
		d.line("Xr", s)
	}
}

// lower is a sentence as it goes on behind a dash.
func lower(s string) string {
	if len(s) > 1 && s[1] >= 'a' && s[1] <= 'z' {
		return strings.ToLower(s[:1]) + s[1:]
	}
	return s
}
