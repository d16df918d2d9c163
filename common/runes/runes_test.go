package runes

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCut(t *testing.T) {
	for _, c := range []struct {
		text string
		most int
		want string
		cut  bool
	}{
		{"", 0, "", false}, {"tea", 3, "tea", false}, {"tea", 2, "te", true}, {"tea", 0, "", true},
		{"tée", 2, "t", true}, {"tée", 3, "té", true}, {"€", 2, "", true}, {"a😀", 4, "a", true},
		{"a\x80\x80\x80\x80\x80b", 4, "", true}, {"\x80\x80\x80", 2, "", true},
	} {
		got, cut := Cut(c.text, c.most)
		bytes, cutBytes := Cut([]byte(c.text), c.most)
		if got != c.want || cut != c.cut || string(bytes) != got || cutBytes != cut {
			t.Errorf("%q to %d: %q %v, %q %v; want %q", c.text, c.most, got, cut, bytes, cutBytes, c.want)
		}
	}
}

func TestEscape(t *testing.T) {
	for text, want := range map[string]string{"": "", "té": "té", "a\xffb": `a\xffb`, "\xe2\x82": `\xe2\x82`, "\uFFFD": "\uFFFD", `\xff`: `\xff`} {
		if got := Escape(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func FuzzCut(f *testing.F) {
	f.Add("tée", 2)
	f.Add("a\x80\xff", 2)
	f.Fuzz(func(t *testing.T, text string, most int) {
		if most < 0 {
			return
		}
		shown := Escape(text)
		got, cut := Cut(shown, most)
		if !utf8.ValidString(got) || len(got) > most || !strings.HasPrefix(shown, got) || cut != (len(got) < len(shown)) || cut && len(got)+utf8.UTFMax <= most {
			t.Errorf("%q to %d: %q, %v", shown, most, got, cut)
		}
	})
}
