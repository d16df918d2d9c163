package mail

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"busbar/common/charset"
)

// decodeCharset turns bytes in a declared charset into valid UTF-8, and notes
// what had to be tolerated. See [charset.Decode].
func decodeCharset(declared string, b []byte) (text, note string) {
	return charset.Decode(declared, b)
}

// toUTF8 makes valid UTF-8 of a header's bytes, and leaves its encoded words as
// they are: bytes inside one are in its charset, and become ASCII.
func toUTF8(s string) string { return toUTF8As(s, "") }

// toUTF8As is toUTF8 for a header whose mail tells a charset.
func toUTF8As(s, label string) string {
	if utf8.ValidString(s) && strings.IndexByte(s, 0x1b) < 0 {
		return s
	}
	var out strings.Builder
	for from := 0; ; {
		i := strings.Index(s[from:], "=?")
		if i < 0 {
			break
		}
		i += from
		word, rest, state := cutWord(s[i:])
		if state == noWords {
			break
		}
		if state == notAWord {
			from = i + 2
			continue
		}
		out.WriteString(plainBytes(s[:i], label))
		word.writeASCII(&out)
		s, from = rest, 0
	}
	out.WriteString(plainBytes(s, label))
	return out.String()
}

// plainBytes reads what stands between encoded words.
func plainBytes(s, label string) string {
	if utf8.ValidString(s) && strings.IndexByte(s, 0x1b) < 0 {
		return s
	}
	if utf8.ValidString(s) {
		label = "" // its escape sequences tell
	}
	text, _ := charset.Decode(label, []byte(s))
	return text
}

func clipCharset(name string) string {
	if name = clip(name); len(name) > 40 {
		name = strings.ToValidUTF8(name[:40], "")
	}
	return strconv.Quote(name)
}

// oneLine replaces line breaks and control characters by spaces.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s)
}

// cleanText makes decoded text fit to keep: "\n" as the only line end, no NUL,
// no byte order mark. nul and cr say that there was a NUL, and a carriage return that
// ended no line of the mail's own and now does.
func cleanText(s string) (text string, nul, cr bool) {
	s = strings.TrimPrefix(s, "\uFEFF")
	if strings.IndexByte(s, 0) >= 0 {
		nul = true
		s = strings.ReplaceAll(s, "\x00", "\uFFFD")
	}
	if strings.IndexByte(s, '\r') < 0 {
		return s, nul, false
	}
	var out strings.Builder
	out.Grow(len(s))
	for {
		i := strings.IndexByte(s, '\r')
		if i < 0 {
			out.WriteString(s)
			return out.String(), nul, cr
		}
		out.WriteString(s[:i])
		n := i
		for n < len(s) && s[n] == '\r' {
			n++
		}
		if n < len(s) && s[n] == '\n' {
			s = s[n:] // the line feed comes with what follows
			continue
		}
		cr = true
		for range n - i {
			out.WriteByte('\n')
		}
		s = s[n:]
	}
}
