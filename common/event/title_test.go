package event

import (
	"strings"
	"testing"
	"unicode/utf8"

	"busbar/common/show"
)

type said struct {
	Text string `json:"text"`
	Link string `json:"link"`
}

var saidKind = Define("notes.note.say", "somebody said something", func(b said) string { return b.Text }, func(b said) string { return b.Link })

func TestTitleAndLink(t *testing.T) {
	long := strings.Repeat("x", MaxTitle)
	for _, c := range []struct{ text, title, link, want string }{
		{"plain", "plain", "https://example.net/?a=b&c=%20", "https://example.net/?a=b&c=%20"},
		{"two\nlines", "two lines", "", ""},
		{"\x1b[2J\u202eabc", "\ufffd[2J\ufffdabc", "https://example.net/\u202eabc", ""},
		{"bad \xff", "bad \ufffd", "https://example.net/\xff", ""},
		{long, long, "https://example.net/" + long, ""},
		{long + "x", long[:MaxTitle-3] + "…", "https://example.net/ b", ""},
		{strings.Repeat("é", MaxTitle), strings.Repeat("é", MaxTitle/2-2) + "…", "https://example.net/\"", ""},
	} {
		e := Event{Kind: saidKind, Key: "1", Body: said{c.text, c.link}}
		if got := e.Title(); got != c.title {
			t.Errorf("%.40q has the title %.40q of %d bytes, want %.40q of %d", c.text, got, len(got), c.title, len(c.title))
		}
		if got := e.Link(); got != c.want {
			t.Errorf("%.40q is linked as %.40q, want %.40q", c.link, got, c.want)
		}
	}
}

// FuzzTitle: whatever an adapter says, it fits and is fit to be shown.
func FuzzTitle(f *testing.F) {
	f.Add("a\u202e", 3000)
	f.Add("\xe2\x80", 683)
	f.Fuzz(func(t *testing.T, text string, times int) {
		if times < 0 || times*len(text) > 1<<16 {
			return
		}
		text = strings.Repeat(text, times)
		e := Event{Kind: saidKind, Key: "1", Body: said{text, text}}
		title, link := e.Title(), e.Link()
		if len(title) > MaxTitle || !utf8.ValidString(title) || strings.ContainsFunc(title, show.Hidden) {
			t.Errorf("%.80q has the title %q", text, title)
		}
		if len(link) > MaxLink || link != "" && link != text {
			t.Errorf("%.80q is linked as %q", text, link)
		}
	})
}
