package irc

import (
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"busbar/bus/notify/dest"
	"busbar/bus/notify/dest/desttest"
	"busbar/common/show"
)

func TestParse(t *testing.T) {
	for line, want := range map[string]message{
		"PING :a b":                       {"", "PING", []string{"a b"}},
		"ping x":                          {"", "PING", []string{"x"}},
		":s 001 me :hi ":                  {"s", "001", []string{"me", "hi "}},
		":a!b@c JOIN #x":                  {"a!b@c", "JOIN", []string{"#x"}},
		":s 404 me #x ::":                 {"s", "404", []string{"me", "#x", ":"}},
		"@time=1;a=b :s  PRIVMSG   me  :": {"s", "PRIVMSG", []string{"me", ""}},
		"":                                {}, ":": {}, "@": {}, ":x": {prefix: "x"},
		"X 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16": {"", "X", strings.Fields("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15")},
	} {
		if got := parse(line); got.prefix != want.prefix || got.command != want.command || !reflect.DeepEqual(got.params, want.params) && len(got.params)+len(want.params) > 0 {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
	if lower("#Foo[\\]~Ä") != "#foo{|}^Ä" {
		t.Errorf("%q", lower("#Foo[\\]~Ä"))
	}
	if m := parse(":jane!j@h NICK"); m.nick() != "jane" || m.last() != "" || m.param(3) != "" {
		t.Errorf("%+v", m)
	}
}

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		text        string
		most, lines int
		want        string // lines joined by |
	}{
		{"", 10, 3, ""}, {"  ", 10, 3, ""}, {"one two", 10, 3, "one two"}, {"one two thr", 10, 3, "one two|thr"}, {"one twothree", 10, 3, "one twothr|ee"},
		{"0123456789", 10, 3, "0123456789"}, {"01234567890", 10, 3, "0123456789|0"}, {"one two three four", 10, 1, "one two…"}, {"one two three four", 10, 2, "one two|three four"}, {"one two three fours", 10, 2, "one two|three f…"},
		{"ääääääää", 5, 9, "ää|ää|ää|ää"}, {"ääääää", 5, 2, "ää|ä…"}, {"abcde\u0301f", 6, 9, "abcd|e\u0301f"}, {"aa 👍🏽", 8, 9, "aa|👍🏽"},
	} {
		if got := strings.Join(wrap(c.text, c.most, c.lines), "|"); got != c.want {
			t.Errorf("%q in %d lines of %d: %q, want %q", c.text, c.lines, c.most, got, c.want)
		}
	}
}

func TestLines(t *testing.T) {
	n := desttest.Note("l-1", "#a", "mark")
	n.Messages[0].Keyword = "bts"
	digest := dest.Note{Kind: dest.Digest, Subject: "3 things", Text: "one\n\n two\nthree\nfour\n", Link: "https://example.org/d"}
	for _, c := range []struct {
		note  dest.Note
		lines int
		color bool
		want  string
	}{
		{n, 3, false, "bts [hello] mark https://tracker.example.org/pkg/hello"},
		{n, 3, true, "\x0313bts\x0f [hello] mark \x0310https://tracker.example.org/pkg/hello\x0f"},
		{digest, 1, false, "3 things https://example.org/d"},
		{digest, 9, false, "3 things https://example.org/d|  one|  two|  three|  four"},
		{digest, 3, false, "3 things https://example.org/d|  one|  … and 3 more lines"},
		{dest.Note{Kind: dest.Test, Link: "javascript:x"}, 3, true, "(without words)"},
		{dest.Note{Kind: dest.Single, Subject: "a\x03\x02b\r\nQUIT"}, 3, false, "a\ufffd\ufffdb\ufffd\ufffdQUIT"},
	} {
		if got := strings.Join(linesOf(c.note, 400, c.lines, c.color), "|"); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

// FuzzLines: whatever is in a note, its lines fit, are few, and hold no command.
func FuzzLines(f *testing.F) {
	for _, text := range desttest.Hostile {
		f.Add(text, text, "bts", 400, 3, true)
	}
	f.Fuzz(func(t *testing.T, subject, text, keyword string, most, lines int, color bool) {
		if most < 300 || most > 500 || lines < 1 || lines > mostLines {
			return
		}
		n := dest.Note{Kind: dest.Digest, Subject: subject, Text: text, Link: "https://example.org/x", Messages: []dest.Message{{Keyword: keyword}, {}}}
		for _, kind := range []dest.Kind{dest.Single, dest.Digest} {
			n.Kind = kind
			got := linesOf(n, most, lines, color)
			if len(got) == 0 || len(got) > lines {
				t.Fatalf("%d lines of %d", len(got), lines)
			}
			for _, line := range got {
				bare := strings.NewReplacer("\x0310", "", plain, "").Replace(line)
				for _, c := range colors {
					bare = strings.ReplaceAll(bare, colored(c, "")[:3], "")
				}
				if len(line) > most || !utf8.ValidString(line) || strings.ContainsFunc(bare, show.Hidden) {
					t.Fatalf("%d bytes: %q", len(line), line)
				}
			}
		}
	})
}

// FuzzParse: whatever a server says is read.
func FuzzParse(f *testing.F) {
	f.Add(":s 404 me #x :Cannot send")
	f.Add("@a=b;c :x")
	f.Fuzz(func(t *testing.T, line string) {
		m := parse(line)
		if len(m.params) > mostParams || m.command != strings.ToUpper(m.command) {
			t.Fatalf("%q", m)
		}
		_, _, _ = m.last(), m.nick(), lower(m.param(1))
	})
}
