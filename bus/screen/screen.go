// Package screen writes tables for people: as wide as the terminal is, with few
// colours that can be read on light and dark ground, and on none at all.
//
// Not here: what is written, and messages (bus/printer).
package screen

import (
	"os"
	"strings"

	"golang.org/x/sys/unix"
	"golang.org/x/text/width"

	"busbar/common/program"
	"busbar/common/show"
)

// A Screen is where a command writes for people.
type Screen struct {
	Width  int  // columns; 0: as wide as it takes, for it is no terminal
	Height int  // lines; 0: as many as it takes
	Color  bool // it shows colours
	Plain  bool // its characters are ASCII alone
}

// Of looks at a program's output now: its width may change.
func Of(p *program.Env) Screen {
	s := Screen{Plain: !utf8Locale(p.Getenv)}
	if !p.Terminal() {
		return s
	}
	s.Color = p.Getenv("NO_COLOR") == "" && p.Getenv("TERM") != "dumb"
	s.Width, s.Height = 80, 24
	if f, ok := p.Stdout.(*os.File); ok {
		if size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ); err == nil && size.Col > 0 && size.Row > 0 {
			s.Width, s.Height = int(size.Col), int(size.Row)
		}
	}
	return s
}

// utf8Locale says that the locale's characters are UTF-8's (locale(7)); where nothing
// is said, they are, as on a system of today.
func utf8Locale(getenv func(string) string) bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := getenv(name); v != "" {
			v = strings.ToLower(v)
			return strings.Contains(v, "utf-8") || strings.Contains(v, "utf8")
		}
	}
	return true
}

// A Style is how a text stands out.
type Style string

// The styles. Colours are those of the terminal's own palette.
const (
	None   Style = ""
	Bold   Style = "1"
	Dim    Style = "2"
	Red    Style = "31"
	Green  Style = "32"
	Yellow Style = "33"
)

// Paint is a text in a style, fit for a terminal.
func (s Screen) Paint(style Style, text string) show.Clean {
	text = show.Line(text)
	if style == None || !s.Color || text == "" {
		return show.Clean(text)
	}
	return show.Clean("\x1b[" + string(style) + "m" + text + "\x1b[0m")
}

// Mark is the sign of a level: "ok", "warn" or "fail"; of any other, a blank.
func (s Screen) Mark(level string) Cell {
	marks := map[string]Cell{"ok": {"●", Green}, "warn": {"▲", Yellow}, "fail": {"✖", Red}, "away": {"○", Dim}}
	if s.Plain {
		marks = map[string]Cell{"ok": {"+", Green}, "warn": {"!", Yellow}, "fail": {"x", Red}, "away": {"-", Dim}}
	}
	return marks[level]
}

// Columns is how many columns a text takes.
func Columns(text string) (n int) {
	for _, r := range text {
		n += columns(r)
	}
	return n
}

func columns(r rune) int {
	if isMark(r) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// Cut is a text of at most so many columns, with a sign at the end where some is
// missing.
func (s Screen) Cut(text string, most int) string {
	if most <= 0 || Columns(text) <= most {
		return text
	}
	n := 0
	for i, r := range text {
		if n += columns(r); n > most-1 {
			return text[:i] + s.missing()
		}
	}
	return text
}

// CutStart is Cut where the end matters: of paths.
func (s Screen) CutStart(text string, most int) string {
	over := Columns(text) - (most - 1)
	if most <= 0 || over <= 1 {
		return text
	}
	for i, r := range text {
		if over <= 0 {
			return s.missing() + text[i:]
		}
		over -= columns(r)
	}
	return s.missing()
}

// missing is the sign of what is cut off.
func (s Screen) missing() string {
	if s.Plain {
		return "~"
	}
	return "…"
}
