package show

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestLine(t *testing.T) {
	for in, want := range map[string]string{
		"":                            "",
		"Jane Doe <jane@example.org>": "Jane Doe <jane@example.org>",
		"Jürgen 山 é e\u0301 🙂":        "Jürgen 山 é e\u0301 🙂",
		"\x1b[2J":                     "\ufffd[2J",
		"a\x00\x07\x7f\u0085\u009bz":  "a\ufffd\ufffd\ufffd\ufffd\ufffdz",
		"one\ntwo\r\tthree":           "one\ufffdtwo\ufffd\ufffdthree",
		"one\u2028two\u2029":          "one\ufffdtwo\ufffd",
		"gpj\u202ecod.exe\u202c":      "gpj\ufffdcod.exe\ufffd",
		"\u2066\u2067\u2068\u2069":    strings.Repeat("\ufffd", 4),
		"\u200e\u200f\u061c\u202a":    strings.Repeat("\ufffd", 4),
		"pay\u200bpal \u200d\ufeff":   "pay\ufffdpal \ufffd\ufffd",
		"soft\u00adhyphen\u2060":      "soft\ufffdhyphen\ufffd",
		"tag\U000e0041":               "tag\ufffd",
		"bad \xff\xc3 bytes":          "bad \ufffd\ufffd bytes",
		"surrogate \xed\xa0\x80":      "surrogate \ufffd\ufffd\ufffd",
	} {
		if got := Line(in); got != want {
			t.Errorf("%q is shown as %q, want %q", in, got, want)
		}
	}
	if got := Lines("one\n\ttwo\r\x1b"); got != "one\n\ttwo\ufffd\ufffd" {
		t.Errorf("several lines: %q", got)
	}
}

// FuzzShow: whatever comes in, nothing hidden comes out, and JSON means what it
// meant.
func FuzzShow(f *testing.F) {
	f.Add("\u202eabc\x1b[1m\x7f\u0080\u2028\U000e0041\xff")
	f.Add(`{"a":"\u202e \\"}`)
	f.Fuzz(func(t *testing.T, s string) {
		line := Line(s)
		if strings.ContainsFunc(line, Hidden) || !utf8.ValidString(line) {
			t.Errorf("%q is shown as %q", s, line)
		}
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		escaped := JSON(text)
		var was, is string
		if json.Unmarshal(text, &was) != nil || json.Unmarshal(escaped, &is) != nil || was != is {
			t.Errorf("%s became %s", text, escaped)
		}
		if strings.ContainsFunc(string(escaped), Hidden) {
			t.Errorf("%s still hides something", escaped)
		}
	})
}

type named string

type spoken struct{}

func (spoken) String() string { return "a\u202eb" }

// TestSprintf: whatever carries the text, it is shown clean; formats for numbers
// work as ever.
func TestSprintf(t *testing.T) {
	evil := "a\u202eb"
	want := "a\ufffdb"
	for _, arg := range []any{evil, named(evil), errors.New(evil), spoken{}, []byte(evil), json.RawMessage(evil), fmt.Errorf("%s", evil)} {
		if got := Sprintf("%s", arg); got != want {
			t.Errorf("%T: %q", arg, got)
		}
	}
	if got := Sprintf("%v", []string{evil}); got != "["+want+"]" {
		t.Errorf("a list: %q", got)
	}
	if got := Sprintf("%v", struct{ A, B string }{evil, "x"}); got != "{"+want+" x}" {
		t.Errorf("a struct: %q", got)
	}
	if got := Sprintf("%5d|%-4s|%.2f|%v|%v\n", 7, "x", 1.5, true, nil); got != "    7|x   |1.50|true|<nil>\n" {
		t.Errorf("plain: %q", got)
	}
	if got := Sprintf("%v", errors.Join(errors.New("one\r"), errors.New("two"))); got != "one\ufffd\ntwo" {
		t.Errorf("errors: %q", got)
	}
	var b strings.Builder
	Fprintln(&b, "x", evil)
	Fprintf(&b, "%s\n", evil)
	if b.String() != "x "+want+"\n"+want+"\n" {
		t.Errorf("written: %q", b.String())
	}
}
