package demo

import (
	"strings"
	"testing"
)

func TestWrap(t *testing.T) {
	const link = "https://bugs.example.org/cgi-bin/bugreport.cgi?bug=990001"
	for _, c := range []struct{ text, want string }{
		{"", ""},
		{"a short line", "a short line"},
		{"a line of text that is, as it stands here, too long", "a line of text that is, as it stands\nhere, too long"},
		{"  a line that is moved in, and more than long enough", "  a line that is moved in, and more than\n      long enough"},
		{"\n  two  blanks stay\n", "\n  two  blanks stay\n"},
		{"  " + link + " " + link, "  " + link + "\n      " + link},
		{"\x1b[2mcolours\x1b[0m take no room, so that this is one", "\x1b[2mcolours\x1b[0m take no room, so that this is\none"},
		{"der Kessel pfeift „zu laut“, viel zu laut für mich", "der Kessel pfeift „zu laut“, viel zu\nlaut für mich"},
		{"\x1b[ never ends, and is as long as it looks to be", "\x1b[ never ends, and is as long as it\nlooks to be"},
	} {
		if got := wrap(c.text, 40); got != c.want {
			t.Errorf("wrap(%q) = %q, want %q", c.text, got, c.want)
		}
	}
	if got := wrap("a terminal that says nothing of its width", 0); got != "a terminal that says nothing of its width" {
		t.Errorf("without a width: %q", got)
	}
}

func TestShorten(t *testing.T) {
	line := "data: {" + strings.Repeat("a", 100) + `","title":"tea","topic":"tea.cup"}`
	for _, c := range []struct {
		width int
		want  string
	}{
		{70, `data: {aaaaaaaaaaaaaaaaa … aaaaaaaaa","title":"tea","topic":"tea.cup"}`},
		{len(line), line},
		{0, line},
	} {
		if got := shorten(line, c.width); got != c.want {
			t.Errorf("in %d columns: %s", c.width, got)
		}
	}
}
