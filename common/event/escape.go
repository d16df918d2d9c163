package event

import (
	"strings"
	"unicode/utf8"
)

// Escape shows an identifier (a ref, a path, a key) as text from which Unescape
// gives its bytes back. An identifier is bytes, and two are never shown alike.
//
// UTF-8 is shown as it is. A byte that belongs to none is written `\xHH`, in
// lower-case hex, and so is a backslash that could be taken for the beginning of
// one (`\x5c`).
func Escape(id string) string {
	if utf8.ValidString(id) && !escaped(id) {
		return id
	}
	const hex = "0123456789abcdef"
	var b strings.Builder
	for i := 0; i < len(id); {
		_, n := utf8.DecodeRuneInString(id[i:])
		if c := id[i]; n == 1 && (c >= utf8.RuneSelf || isEscape(id[i:])) {
			b.WriteString(`\x`)
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
		} else {
			b.WriteString(id[i : i+n])
		}
		i += n
	}
	return b.String()
}

// Unescape gives the bytes of an identifier that Escape showed.
func Unescape(shown string) string {
	var b strings.Builder
	for i := 0; i < len(shown); i++ {
		if isEscape(shown[i:]) {
			b.WriteByte(digit(shown[i+2])<<4 | digit(shown[i+3]))
			i += 3
		} else {
			b.WriteByte(shown[i])
		}
	}
	return b.String()
}

// escaped reports whether a text holds what Escape writes.
func escaped(s string) bool {
	for i := strings.IndexByte(s, '\\'); i >= 0 && i < len(s); i++ {
		if isEscape(s[i:]) {
			return true
		}
	}
	return false
}

func isEscape(s string) bool {
	return len(s) >= 4 && s[0] == '\\' && s[1] == 'x' && strings.IndexByte("0123456789abcdef", s[2]) >= 0 && strings.IndexByte("0123456789abcdef", s[3]) >= 0
}

func digit(c byte) byte {
	if c >= 'a' {
		return c - 'a' + 10
	}
	return c - '0'
}
