// Package show makes strangers' text fit to be shown: a sender, a package or a
// path may hold what commands a terminal, turns a line around, or cannot be
// seen at all. Every printer of this project passes such text through here.
//
// Not here: cutting to a length, colours, and charsets (common/mail).
package show

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Line is s for one line of a terminal: each character that Hidden names, and
// each byte that is no UTF-8, is U+FFFD.
func Line(s string) string { return replace(s, "") }

// Lines is Line for text that may have several lines: line feeds and tabs stay.
func Lines(s string) string { return replace(s, "\n\t") }

func replace(s, but string) string {
	if clean(s) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if Hidden(r) && !strings.ContainsRune(but, r) {
			return utf8.RuneError
		}
		return r // of a bad byte: U+FFFD
	}, s)
}

// clean says that s is plain ASCII, as most of it is.
func clean(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

// Hidden tells characters that are not shown as themselves: controls (Cc), the
// breaks of lines and paragraphs U+2028 and U+2029, and all format characters
// (Cf): marks, overrides and isolates of direction, zero widths, tags.
func Hidden(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)
}

// JSON escapes in JSON what Line would replace, so that it means the same and
// does no harm. Text that is no JSON comes back changed in the same way.
func JSON(text []byte) []byte {
	if bytes.IndexFunc(text, escapes) < 0 {
		return text
	}
	var b bytes.Buffer
	for _, r := range string(text) {
		switch {
		case !escapes(r):
			b.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.Bytes()
}

// escapes leaves the white space between JSON's tokens; inside a text JSON has
// no raw controls below U+0020 anyway.
func escapes(r rune) bool { return r >= 0x7f && Hidden(r) }
