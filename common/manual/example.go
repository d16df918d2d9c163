package manual

import (
	"fmt"
	"io"
	"strings"
)

// Sample writes a configuration file with all keys and their defaults. All is
// commented out, so that it changes nothing before somebody does.
func (m *Manual) Sample(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s.toml: all that can be configured, with its defaults. Take out the #\n# before what you change, and before its table; the rest need not be here.\n", m.Program())
	table := ""
	for _, k := range m.Keys {
		section, key, _ := strings.Cut(k.Path, ".")
		if section != table {
			table = section
			title := "[" + section + "]"
			if k.Many {
				title = "[" + title + "] # may be there several times"
			}
			fmt.Fprintf(&b, "\n#%s\n", title)
		}
		fmt.Fprintf(&b, "\n%s#%s = %s\n", comment(k.Doc), key, k.TOML())
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// comment is a text in lines that begin with #, wrapped for an editor.
func comment(text string) string {
	const width = 78
	var b strings.Builder
	line := "#"
	for _, word := range strings.Fields(text) {
		if len(line)+1+len(word) > width && line != "#" {
			b.WriteString(line + "\n")
			line = "#"
		}
		line += " " + word
	}
	b.WriteString(line + "\n")
	return b.String()
}
