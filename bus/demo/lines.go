package demo

import (
	"context"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"busbar/common/show"
)

// say prints lines; on a terminal, those that are too long are broken between
// words.
func (d *demo) say(format string, args ...any) {
	show.Fprintln(d.p.Stdout, show.Clean(wrap(show.Sprintf(format, args...), d.width())))
}

// width is that of the terminal; 0 where there is none.
func (d *demo) width() int {
	if file, ok := d.p.Stdout.(*os.File); ok && d.p.Terminal() {
		if size, err := unix.IoctlGetWinsize(int(file.Fd()), unix.TIOCGWINSZ); err == nil {
			return int(size.Col)
		}
	}
	return 0
}

// wrap breaks lines that are longer than width between words; the rest of a line
// that is moved in is moved in further. Words that are longer than a line stay
// whole: they are links.
func wrap(text string, width int) string {
	if width < 40 {
		return text
	}
	var b strings.Builder
	for i, line := range strings.Split(text, "\n") {
		if i > 0 {
			b.WriteByte('\n')
		}
		column, blanks, hang := 0, "", 0
		if strings.HasPrefix(line, " ") {
			hang = 6
		}
		for word := range strings.SplitSeq(line, " ") {
			n := visible(word)
			if column > hang && column+len(blanks)+n > width {
				b.WriteString("\n" + strings.Repeat(" ", hang))
				column, blanks = hang, ""
			}
			b.WriteString(blanks + word)
			column += len(blanks) + n
			blanks = " "
		}
	}
	return b.String()
}

// visible counts a word's characters without the terminal's commands for colours.
func visible(word string) int {
	n := utf8.RuneCountInString(word)
	for {
		_, rest, found := strings.Cut(word, "\x1b[")
		command, after, ends := strings.Cut(rest, "m")
		if !found || !ends {
			return n
		}
		n -= len("\x1b[") + len(command) + len("m")
		word = after
	}
}

// shorten leaves out the middle of a long line: of a message, its sentence and topic
// stand at the end. width is that of the terminal, or 0: what fits two lines.
func shorten(line string, width int) string {
	const head, usual = 24, 180
	if width < 60 {
		width = usual
	}
	if len(line) <= width {
		return line
	}
	return line[:head] + " … " + line[len(line)-(width-head-3):]
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
