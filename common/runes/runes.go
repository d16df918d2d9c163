// Package runes keeps text in whole characters: cut to a length, or with bytes
// in it that are no character.
//
// Not here: what may be shown (common/show), and charsets (common/charset).
package runes

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Cut returns at most so many bytes of UTF-8, whole characters only, and whether
// anything was left out.
func Cut[T ~string | ~[]byte](s T, most int) (T, bool) {
	if len(s) <= most {
		return s, false
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most], true
}

// Escape is s with each byte that is no UTF-8 written as \xHH. It is for people:
// two texts may be shown alike. event.Escape keeps identifiers apart.
func Escape(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && size <= 1 {
			fmt.Fprintf(&b, `\x%02x`, s[0])
		} else {
			b.WriteString(s[:size])
		}
		s = s[size:]
	}
	return b.String()
}
