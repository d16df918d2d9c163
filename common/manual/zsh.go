package manual

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

// Zsh writes the completion for zsh.
func (m *Manual) Zsh(w io.Writer) error {
	name := m.Program()
	var b strings.Builder
	fmt.Fprintf(&b, "#compdef %[1]s\n# zsh completion for %[1]s, made by the program itself.\n", name)
	for _, l := range m.levels() {
		fmt.Fprintf(&b, "\n%s() {\n", zshFunction(name, l.path))
		if len(l.children) > 0 {
			b.WriteString("\tlocal context state state_descr line\n\tlocal -A opt_args\n\tlocal -a commands\n\tcommands=(\n")
			for _, c := range l.children {
				fmt.Fprintf(&b, "\t\t%s\n", single(strings.ReplaceAll(c.Name, ":", `\:`)+":"+short(c.Help)))
			}
			b.WriteString("\t)\n")
		}
		b.WriteString("\t_arguments -S")
		if len(l.children) > 0 {
			b.WriteString(" -C")
		}
		for _, f := range l.flags {
			fmt.Fprintf(&b, " \\\n\t\t%s", zshFlag(f))
		}
		if len(l.children) == 0 {
			if l.args != nothing {
				fmt.Fprintf(&b, " \\\n\t\t%s", single("*: :"+zshFill(nil, l.args)))
			}
			b.WriteString("\n}\n")
			continue
		}
		b.WriteString(" \\\n\t\t'1: :->command' '*:: :->argument'\n\tcase $state in\n\tcommand) _describe -t commands command commands ;;\n\targument)\n\t\tcase $line[1] in\n")
		for _, c := range l.children {
			fmt.Fprintf(&b, "\t\t%s) %s ;;\n", c.Name, zshFunction(name, append(append([]string{}, l.path...), c.Name)))
		}
		b.WriteString("\t\tesac\n\t\t;;\n\tesac\n}\n")
	}
	fmt.Fprintf(&b, "\n_%[1]s \"$@\"\n", name)
	_, err := io.WriteString(w, b.String())
	return err
}

func zshFunction(program string, path []string) string {
	return "_" + strings.Join(append([]string{program}, path...), "_")
}

// zshFlag is a flag as _arguments takes it. It may be there several times where
// several values are taken.
func zshFlag(f *kong.Flag) string {
	spec := "--" + f.Name
	text := strings.NewReplacer("[", `\[`, "]", `\]`, ":", `\:`).Replace(short(f.Help))
	if v := value(f); v != "" {
		spec += "=[" + text + "]:" + strings.ReplaceAll(v, ":", `\:`) + ":" + zshFill(choices(f.Value), fills(f.Value, v))
	} else {
		spec += "[" + text + "]"
	}
	if f.IsCumulative() {
		spec = "*" + spec
	}
	return single(spec)
}

func zshFill(words []string, f filling) string {
	switch {
	case len(words) > 0:
		return "(" + strings.Join(words, " ") + ")"
	case f == files:
		return "_files"
	case f == folders:
		return "_files -/"
	}
	return " "
}
