package screen

import (
	"io"
	"strings"

	"busbar/common/program"
	"busbar/common/show"
)

// Findings writes what is wrong, the same once. In a terminal a text that is too long
// goes on in the next line; elsewhere each is one line.
func Findings(w io.Writer, s Screen, list []program.Finding) error {
	written := map[program.Finding]bool{}
	for _, f := range list {
		if written[f] {
			continue
		}
		written[f] = true
		mark := s.Mark(f.Level)
		const indent = 8 // as wide as the mark and the level
		text := f.What + "  " + show.OneLine(f.Detail)
		for i, line := range wrap(text, s.Width-indent) {
			before := show.Clean(strings.Repeat(" ", indent))
			if i == 0 {
				before = s.Paint(mark.Style, mark.Text) + " " + s.Paint(mark.Style, f.Level) + show.Clean(strings.Repeat(" ", indent-2-len(f.Level)))
				if rest, ok := strings.CutPrefix(line, f.What); ok {
					before, line = before+s.Paint(Bold, f.What), rest
				}
			}
			if _, err := show.Fprintf(w, "%s%s\n", before, line); err != nil {
				return err
			}
		}
	}
	return nil
}

// wrap breaks a text at blanks into lines of at most so many columns; words that are
// longer stand alone. Where most is not more than 0, it stays one line.
func wrap(text string, most int) []string {
	if most <= 0 || Columns(text) <= most {
		return []string{text}
	}
	var lines []string
	for text != "" {
		end, n, blank := len(text), 0, -1
		for i, r := range text {
			if r == ' ' && i > 0 {
				blank = i
			}
			if n += columns(r); n > most && blank > 0 {
				end = blank
				break
			}
		}
		lines = append(lines, strings.TrimRight(text[:end], " "))
		text = strings.TrimLeft(text[end:], " ")
	}
	return lines
}
