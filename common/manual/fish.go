package manual

import (
	"fmt"
	"io"
	"strings"
)

// Fish writes the completion for fish.
func (m *Manual) Fish(w io.Writer) error {
	name := m.Program()
	var b strings.Builder
	fmt.Fprintf(&b, `# fish completion for %[1]s, made by the program itself.

# Is the command line so far at this command? The words that are no flags and no
# values of flags tell.
function __%[1]s_at
    set -l words
    set -l skip no
    for word in (commandline -opc)[2..]
        if test $skip = yes
            set skip no
            continue
        end
        switch $word
            case %[2]s
                set skip yes
            case '-*'
            case '*'
                set -a words $word
        end
    end
    switch "$words"
`, name, strings.Join(m.withValue(), " "))
	// Longer ones first: keys init before keys.
	levels := m.levels()
	for i := len(levels) - 1; i >= 0; i-- {
		path := strings.Join(levels[i].path, " ")
		if path == "" {
			b.WriteString("        case '*'\n            test \"$argv\" = ''\n")
			continue
		}
		fmt.Fprintf(&b, "        case '%[1]s' '%[1]s *'\n            test \"$argv\" = '%[1]s'\n", path)
	}
	fmt.Fprintf(&b, "    end\nend\n\ncomplete -c %s -f\n", name)
	for _, l := range levels {
		at := fmt.Sprintf("complete -c %[1]s -n '__%[1]s_at %[2]s'", name, strings.Join(l.path, " "))
		if len(l.path) == 0 {
			at = fmt.Sprintf("complete -c %[1]s -n '__%[1]s_at'", name)
		}
		for _, c := range l.children {
			fmt.Fprintf(&b, "%s -a %s -d %s\n", at, c.Name, fishQuoted(short(c.Help)))
		}
		if l.args != nothing {
			b.WriteString(at + " -F\n")
		}
		for _, f := range l.flags {
			fmt.Fprintf(&b, "%s -l %s -d %s", at, f.Name, fishQuoted(short(f.Help)))
			if v := value(f); v != "" {
				switch words, fill := choices(f.Value), fills(f.Value, v); {
				case len(words) > 0:
					fmt.Fprintf(&b, " -x -a %s", fishQuoted(strings.Join(words, " ")))
				case fill == folders:
					b.WriteString(" -x -a '(__fish_complete_directories)'")
				case fill != nothing:
					b.WriteString(" -r -F")
				default:
					b.WriteString(" -x")
				}
			}
			b.WriteString("\n")
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func fishQuoted(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(s) + "'"
}
