package charset

import (
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// Runs reads each run of bytes as UTF-8 where it is that, and as Windows-1252
// byte by byte where it is not. odd counts what was no UTF-8: such bytes, and
// surrogates. A pair of surrogates, three bytes each (CESU-8), is the character
// that the two stand for; one alone is U+FFFD.
func Runs(b []byte) (text string, odd int) {
	if utf8.Valid(b) {
		return string(b), 0
	}
	out, odd := appendRuns(make([]byte, 0, len(b)+len(b)/8+8), b, OddByte)
	return string(out), odd
}

// OddByte is what a byte means that fits nowhere: Windows-1252.
func OddByte(c byte) rune { return charmap.Windows1252.DecodeByte(c) }

// appendRuns appends text read by runs; page says what an odd byte means.
func appendRuns(out, b []byte, page func(byte) rune) ([]byte, int) {
	odd := 0
	for len(b) > 0 {
		r, n := nextRune(b)
		if n < 0 {
			odd++
			if n == -1 {
				r = page(b[0])
			}
			n = -n
		}
		out = utf8.AppendRune(out, r)
		b = b[n:]
	}
	return out, odd
}

// nextRune is the character that b begins with, and its size: negative where it
// is no UTF-8, -1 where it is an odd byte.
func nextRune(b []byte) (r rune, n int) {
	r, n = utf8.DecodeRune(b)
	if r != utf8.RuneError || n > 1 {
		return r, n
	}
	first, ok := surrogate(b)
	if !ok {
		return utf8.RuneError, -1
	}
	if second, ok := surrogate(b[3:]); ok && first < 0xDC00 && second >= 0xDC00 {
		return 0x10000 + (first-0xD800)<<10 + (second - 0xDC00), -6
	}
	return utf8.RuneError, -3
}

// surrogate reads three bytes that stand for half of a character.
func surrogate(b []byte) (rune, bool) {
	if len(b) < 3 || b[0] != 0xED || b[1] < 0xA0 || b[1] > 0xBF || b[2] < 0x80 || b[2] > 0xBF {
		return 0, false
	}
	return 0xD000 | rune(b[1]&0x3F)<<6 | rune(b[2]&0x3F), true
}
