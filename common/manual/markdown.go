package manual

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"

	"busbar/common/config"
)

// Markdown writes the reference page: the commands with their examples, and the
// configuration.
func (m *Manual) Markdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\nMade by `make generate` from the program itself; do not edit.\n\n%s\n", m.Program(), m.Model.Help)
	b.WriteString("\n## Commands\n")
	writeFlags(&b, "\nEvery command takes:\n", m.Model.Node.Flags)
	for _, leaf := range m.Model.Leaves(true) {
		m.writeCommand(&b, leaf)
	}
	writeKeys(&b, m.Program(), m.Keys)
	_, err := io.WriteString(w, b.String())
	return err
}

func (m *Manual) writeCommand(b *strings.Builder, leaf *kong.Node) {
	fmt.Fprintf(b, "\n### %s\n\n%s\n", leaf.FullPath(), cell(leaf.Help))
	if len(leaf.Positional) > 0 {
		b.WriteString("\n| argument | what it is |\n| --- | --- |\n")
		for _, a := range leaf.Positional {
			fmt.Fprintf(b, "| `%s` | %s |\n", strings.ReplaceAll(a.Summary(), "|", `\|`), cell(a.Help))
		}
	}
	writeFlags(b, "", flagsOf(leaf))
	for _, e := range Of(m.Examples, m.name(leaf)) {
		fmt.Fprintf(b, "\n%s\n\n    %s\n", cell(e.title()), strings.ReplaceAll(e.Line, "\n", "\n    "))
	}
}

func writeFlags(b *strings.Builder, title string, flags []*kong.Flag) {
	if flags = shown(flags); len(flags) == 0 {
		return
	}
	b.WriteString(title + "\n| flag | what it does | default |\n| --- | --- | --- |\n")
	for _, f := range flags {
		name := "--" + f.Name
		if v := value(f); v != "" {
			name += "=" + v
		}
		fallback := ""
		if f.HasDefault && f.Default != "" {
			fallback = "`" + f.Default + "`"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", name, cell(f.Help), fallback)
	}
}

func writeKeys(b *strings.Builder, program string, keys []config.Key) {
	files := fmt.Sprintf("`%s/%s.toml` over `%s/bus.toml`", config.Dir, program, config.Dir)
	if program == "bus" {
		files = fmt.Sprintf("`%s/bus.toml`", config.Dir)
	}
	fmt.Fprintf(b, "\n## Configuration\n\n%s, in TOML, or the file that `--config` names, alone. "+
		"The environment overrides the files, and `--set` overrides both; lists are separated by commas there. "+
		"An unknown key is an error.\n", files)
	table := ""
	for _, k := range keys {
		section, name, _ := strings.Cut(k.Path, ".")
		if section != table {
			table = section
			title := "[" + section + "]"
			if k.Many {
				title = "[" + title + "], once for each"
			}
			fmt.Fprintf(b, "\n### %s\n\n| key | type | default | environment | meaning |\n| --- | --- | --- | --- | --- |\n", title)
		}
		fallback := ""
		if k.Default != "" {
			fallback = "`" + k.Default + "`"
		}
		env := k.Env()
		if env != "" { // else in a file only
			env = "`" + env + "`"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s | %s |\n", name, k.Type, fallback, env, cell(k.Doc))
	}
}

// cell is a text that stays inside its cell of a table.
func cell(s string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;").Replace(s)
}
