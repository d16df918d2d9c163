package mail

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Escaped writes an identifier's bytes as text that one can read, such that no
// two identifiers are written alike. Bytes that are no UTF-8, and characters
// that break a line or control a terminal, become \xHH. So does a backslash
// that could be taken for the beginning of one.
func Escaped(s string) string {
	if legible(s) {
		return s
	}
	var out strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 || breaks(r) || r == '\\' && looksEscaped(s[i:]) {
			for _, c := range []byte(s[i : i+n]) {
				out.WriteString(`\x`)
				out.WriteByte("0123456789abcdef"[c>>4])
				out.WriteByte("0123456789abcdef"[c&15])
			}
		} else {
			out.WriteString(s[i : i+n])
		}
		i += n
	}
	return out.String()
}

// legible reports whether Escaped has nothing to do.
func legible(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, breaks) < 0 && !strings.Contains(s, `\x`)
}

func looksEscaped(s string) bool {
	if len(s) < 4 || s[1] != 'x' {
		return false
	}
	_, ok := unhex(s[2], s[3])
	return ok
}

// breaks tells the characters that must not stand in one line of text.
func breaks(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }
