package manual

import (
	"fmt"
	"io"
	"strings"
)

// Bash writes the completion for bash, which needs nothing but bash itself.
func (m *Manual) Bash(w io.Writer) error {
	name := m.Program()
	var b strings.Builder
	fmt.Fprintf(&b, `# bash completion for %[1]s, made by the program itself.

_%[1]s() {
	local cur=${COMP_WORDS[COMP_CWORD]} flag=${COMP_WORDS[COMP_CWORD-1]} at= i word
	# Bash takes --flag=value apart at the =.
	if [[ $cur == = ]]; then
		cur=
	elif [[ $flag == = ]]; then
		flag=${COMP_WORDS[COMP_CWORD-2]}
	fi
	COMPREPLY=()
	# Which command: the words so far that are no flags and no values of flags.
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		case $word in
		%[2]s)
			[[ ${COMP_WORDS[i+1]} == = ]] && ((i++))
			((i++))
			;;
		-*) ;;
		*)
			case "$at $word" in
			%[3]s) at="$at $word" ;;
			esac
			;;
		esac
	done
	case "$at $flag" in
`, name, strings.Join(m.withValue(), " | "), strings.Join(m.commandPatterns(), " | "))
	for _, l := range m.levels() {
		for _, f := range l.flags {
			if value(f) != "" {
				fmt.Fprintf(&b, "\t%s) %s; return ;;\n", single(strings.Join(append([]string{""}, append(l.path, "--"+f.Name)...), " ")), bashFill(choices(f.Value), fills(f.Value, value(f))))
			}
		}
	}
	b.WriteString("\tesac\n\tcase $at in\n")
	for _, l := range m.levels() {
		var flags, words []string
		for _, f := range l.flags {
			flags = append(flags, "--"+f.Name)
		}
		for _, c := range l.children {
			words = append(words, c.Name)
		}
		path := ""
		if len(l.path) > 0 {
			path = " " + strings.Join(l.path, " ")
		}
		fmt.Fprintf(&b, "\t%s)\n\t\tif [[ $cur == -* ]]; then\n\t\t\t%s\n\t\telse\n\t\t\t%s\n\t\tfi\n\t\t;;\n", single(path), bashFill(flags, nothing), bashFill(words, l.args))
	}
	fmt.Fprintf(&b, "\tesac\n}\n\ncomplete -F _%[1]s %[1]s\n", name)
	_, err := io.WriteString(w, b.String())
	return err
}

// commandPatterns are all commands below others, as the completion compares them.
func (m *Manual) commandPatterns() (patterns []string) {
	for _, l := range m.levels()[1:] {
		patterns = append(patterns, single(" "+strings.Join(l.path, " ")))
	}
	return patterns
}

func bashFill(words []string, f filling) string {
	switch {
	case len(words) > 0:
		return "mapfile -t COMPREPLY < <(compgen -W " + single(strings.Join(words, " ")) + ` -- "$cur")`
	case f == files:
		return `compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$cur")`
	case f == folders:
		return `compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$cur")`
	}
	return ":"
}
