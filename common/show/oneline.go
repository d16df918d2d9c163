package show

import "strings"

// OneLine is text for one line, where several errors stand beside each other:
// systemd reads a message a line.
func OneLine(s string) string {
	return Line(strings.NewReplacer(":\n\t", ": ", "\n\t", "; ", "\n", "; ", "\t", " ").Replace(s))
}
