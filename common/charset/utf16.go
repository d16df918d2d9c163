package charset

import (
	"bytes"
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"
)

// An order is that of the bytes in a unit.
type order int

const (
	unknownOrder order = iota
	little
	big
)

// utf16Mark reports whether text that is labelled otherwise is UTF-16: it begins
// with the mark, and has NULs.
func utf16Mark(b []byte) bool {
	return len(b) >= 4 && (b[0] == 0xFF && b[1] == 0xFE || b[0] == 0xFE && b[1] == 0xFF) && bytes.IndexByte(b, 0) >= 0
}

// readUTF16 reads UTF-16 (RFC 2781). Its mark tells the order of the bytes; then
// the label; then where the NULs are, which most texts have; else it is big.
func readUTF16(b []byte, o order) []byte {
	switch {
	case len(b) >= 2 && b[0] == 0xFF && b[1] == 0xFE:
		b, o = b[2:], little
	case len(b) >= 2 && b[0] == 0xFE && b[1] == 0xFF:
		b, o = b[2:], big
	case o == unknownOrder:
		o = orderByNULs(b)
	}
	unit := binary.BigEndian.Uint16
	if o == little {
		unit = binary.LittleEndian.Uint16
	}
	out := make([]byte, 0, len(b))
	for ; len(b) >= 2; b = b[2:] {
		r := rune(unit(b))
		if utf16.IsSurrogate(r) {
			second := rune(-1)
			if len(b) >= 4 {
				second = rune(unit(b[2:]))
			}
			if r = utf16.DecodeRune(r, second); r != utf8.RuneError {
				b = b[2:]
			}
		}
		out = utf8.AppendRune(out, r)
	}
	if len(b) > 0 {
		out = utf8.AppendRune(out, utf8.RuneError)
	}
	return out
}

func orderByNULs(b []byte) order {
	var nuls [2]int
	for i, c := range b[:min(len(b), 4096)] {
		if c == 0 {
			nuls[i%2]++
		}
	}
	if nuls[1] > nuls[0] {
		return little
	}
	return big
}

// readUTF32 reads UTF-32.
func readUTF32(b []byte, o order) []byte {
	switch {
	case bytes.HasPrefix(b, []byte{0xFF, 0xFE, 0, 0}):
		b, o = b[4:], little
	case bytes.HasPrefix(b, []byte{0, 0, 0xFE, 0xFF}):
		b, o = b[4:], big
	case o == unknownOrder && len(b) >= 4 && b[0] != 0 && b[3] == 0:
		o = little
	}
	unit := binary.BigEndian.Uint32
	if o == little {
		unit = binary.LittleEndian.Uint32
	}
	out := make([]byte, 0, len(b)/2)
	for ; len(b) >= 4; b = b[4:] {
		r := utf8.RuneError
		if v := unit(b); v <= utf8.MaxRune {
			r = rune(v)
		}
		out = utf8.AppendRune(out, r) // a surrogate becomes U+FFFD
	}
	if len(b) > 0 {
		out = utf8.AppendRune(out, utf8.RuneError)
	}
	return out
}

// notWide reads text that is labelled UTF-16 or UTF-32 and is neither: it has
// neither mark nor NUL nor what text does not have, and is letters and blanks for
// the most part.
func notWide(b []byte) (text string, ok bool) {
	if len(b) >= 2 && (b[0] == 0xFF && b[1] == 0xFE || b[0] == 0xFE && b[1] == 0xFF) {
		return "", false
	}
	letters, high := 0, 0
	for _, c := range b {
		switch {
		case c < ' ' && (c < '\t' || c > '\r') && c != 0x1b || c == 0x7f:
			return "", false
		case c >= utf8.RuneSelf:
			high++
		case c <= ' ' || isLetter(lookASCII(c).class):
			letters++
		}
	}
	if utf8.Valid(b) && high > 0 {
		letters += high
	}
	if letters*5 < len(b)*3 {
		return "", false
	}
	text, _ = Runs(b)
	return text, true
}
