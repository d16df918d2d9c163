package charset

import (
	"bytes"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// A set is one that ISO/IEC 2022 switches to, by its final byte in an escape
// sequence; those of two bytes a character are written with 0x100.
type set int

const (
	asciiSet  set = 'B'
	roman     set = 'J' // JIS X 0201
	katakana  set = 'I' // JIS X 0201
	latin1Set set = 'A' | high
	greekSet  set = 'F' | high
	jisx0208  set = 'B' | double
	jisx0212  set = 'D' | double
	gb2312    set = 'A' | double
	ksc5601   set = 'C' | double
	isoir165  set = 'E' | double // GB 2312 and more

	double set = 0x100
	high   set = 0x200 // 96 characters: the right half of ISO 8859
)

// sets are those of two bytes that can be read, by their final bytes. JIS X 0213's
// first plane has what JIS X 0208 has at the same places.
var sets = map[byte]set{'@': jisx0208, 'B': jisx0208, 'O': jisx0208, 'Q': jisx0208, 'D': jisx0212, 'A': gb2312, 'E': isoir165, 'C': ksc5601}

// A reader2022 reads 7-bit ISO/IEC 2022 as mail has it: ISO-2022-JP and its
// extensions (RFC 1468, RFC 1554, RFC 2237), -KR (RFC 1557), -CN (RFC 1922).
type reader2022 struct {
	g       [4]set // what G0 to G3 are
	shifted bool   // G1 is in use
	decs    map[set]*encoding.Decoder
	buf     [16]byte
	escapes int // sequences followed
	bad     int // what could not be read
}

// read2022 reads text whose G1 is the given set until it says otherwise.
func read2022(b []byte, g1 set) []byte {
	r := &reader2022{g: [4]set{asciiSet, g1, latin1Set, asciiSet}, decs: map[set]*encoding.Decoder{}}
	return r.read(b)
}

// unlabelled reads text that nobody labelled, and whose escape sequences say
// what it is.
func unlabelled(b []byte) (string, bool) {
	if !bytes.Contains(b, []byte("\x1b$")) && !bytes.Contains(b, []byte("\x1b(I")) {
		return "", false
	}
	r := &reader2022{g: [4]set{asciiSet, ksc5601, latin1Set, asciiSet}, decs: map[set]*encoding.Decoder{}}
	text := r.read(b)
	if r.escapes == 0 || r.bad > 0 {
		return "", false
	}
	return string(text), true
}

func (r *reader2022) read(b []byte) []byte {
	out := make([]byte, 0, len(b)*3/2)
	for len(b) > 0 {
		var n int
		switch c := b[0]; {
		case c == 0x1b:
			out, n = r.escape(out, b)
		case c == 0x0e:
			r.shifted, n = true, 1
		case c == 0x0f:
			r.shifted, n = false, 1
		case c >= utf8.RuneSelf:
			for n < len(b) && b[n] >= utf8.RuneSelf {
				n++
			}
			out, _ = appendRuns(out, b[:n], OddByte)
			r.bad++
		case c <= ' ' || c == 0x7f:
			if c == '\n' { // each line begins with ASCII
				r.g[0], r.shifted = asciiSet, false
			}
			out, n = append(out, c), 1
		case r.shifted:
			out, n = r.character(out, b, r.g[1])
		default:
			out, n = r.character(out, b, r.g[0])
		}
		b = b[n:]
	}
	return out
}

// escape follows the escape sequence that b begins with; one that is none is
// left as it is.
func (r *reader2022) escape(out, b []byte) ([]byte, int) {
	n, to, s := designation(b)
	switch {
	case n > 0 && s != 0:
		r.g[to] = s
		r.escapes++
		return out, n
	case n > 0: // a set that cannot be read
		r.bad++
		r.g[to] = double
		return out, n
	case len(b) > 2 && b[1] == '&' && b[2] == '@': // the revision of the next
		return out, 3
	case len(b) > 2 && (b[1] == 'N' || b[1] == 'O') && b[2] > ' ' && b[2] < 0x7f: // one character of G2 or G3
		out, n = r.character(out, b[2:], r.g[b[1]-'N'+2])
		return out, n + 2
	}
	return append(out, b[0]), 1
}

// designation reads which set an escape sequence puts where; the set is 0 where
// it is not known here, and n is 0 where there is no such sequence.
func designation(b []byte) (n, to int, s set) {
	if len(b) < 3 {
		return 0, 0, 0
	}
	places := map[byte]int{'(': 0, ')': 1, '*': 2, '+': 3}
	if b[1] == '$' {
		if to, ok := places[b[2]]; ok && len(b) > 3 && b[3] >= '0' && b[3] <= '~' {
			return 4, to, sets[b[3]]
		}
		if s, ok := sets[b[2]]; ok && (b[2] == '@' || b[2] == 'A' || b[2] == 'B') {
			return 3, 0, s
		}
		return 0, 0, 0
	}
	if to, ok := places[b[1]]; ok {
		switch b[2] {
		case 'B', 'J', 'I':
			return 3, to, set(b[2])
		case 'H': // Swedish, written by mistake for J
			return 3, to, asciiSet
		}
		return 0, 0, 0
	}
	if b[1] == '.' && (b[2] == 'A' || b[2] == 'F') {
		return 3, 2, set(b[2]) | high
	}
	return 0, 0, 0
}

// character appends the character of a set that b begins with.
func (r *reader2022) character(out, b []byte, s set) ([]byte, int) {
	c := b[0]
	switch s {
	case asciiSet:
		return append(out, c), 1
	case roman:
		switch c {
		case '\\':
			return utf8.AppendRune(out, '¥'), 1
		case '~':
			return utf8.AppendRune(out, '‾'), 1
		}
		return append(out, c), 1
	case katakana:
		if c < 0x60 {
			return utf8.AppendRune(out, 0xFF61+rune(c-0x21)), 1
		}
	case latin1Set:
		return utf8.AppendRune(out, rune(c|0x80)), 1
	case greekSet:
		return utf8.AppendRune(out, charmap.ISO8859_7.DecodeByte(c|0x80)), 1
	default:
		if len(b) > 1 && b[1] > ' ' && b[1] < 0x7f {
			return r.pair(out, s, c|0x80, b[1]|0x80), 2
		}
	}
	r.bad++
	return utf8.AppendRune(out, utf8.RuneError), 1
}

// pair appends a character of two bytes, which the EUC of its set has, too.
func (r *reader2022) pair(out []byte, s set, a, b byte) []byte {
	dec := r.decs[s]
	if dec == nil {
		switch s {
		case jisx0208, jisx0212:
			dec = japanese.EUCJP.NewDecoder()
		case gb2312, isoir165:
			dec = simplifiedchinese.GBK.NewDecoder()
		case ksc5601:
			dec = korean.EUCKR.NewDecoder()
		default:
			r.bad++
			return utf8.AppendRune(out, utf8.RuneError)
		}
		r.decs[s] = dec
	}
	src := []byte{a, b}
	if s == jisx0212 {
		src = []byte{0x8F, a, b}
	}
	dec.Reset()
	n, _, err := dec.Transform(r.buf[:], src, true)
	if c, _ := utf8.DecodeRune(r.buf[:n]); err != nil || c == utf8.RuneError {
		r.bad++
		return utf8.AppendRune(out, utf8.RuneError)
	}
	return append(out, r.buf[:n]...)
}

// readHZ reads HZ (RFC 1843): GB 2312 between "~{" and "~}", to the line's end at
// most; "~~" is a tilde, and one at a line's end joins it to the next.
func readHZ(b []byte) []byte {
	r := &reader2022{decs: map[set]*encoding.Decoder{}}
	out := make([]byte, 0, len(b)*3/2)
	chinese := false
	for len(b) > 0 {
		n := 1
		switch c := b[0]; {
		case c >= utf8.RuneSelf:
			for n < len(b) && b[n] >= utf8.RuneSelf {
				n++
			}
			out, _ = appendRuns(out, b[:n], OddByte)
		case c == '~' && len(b) > 1 && (b[1] == '{' || b[1] == '}'):
			chinese, n = b[1] == '{', 2
		case c == '~' && !chinese && len(b) > 1 && b[1] == '~':
			out, n = append(out, '~'), 2
		case c == '~' && !chinese && len(b) > 1 && b[1] == '\n':
			n = 2
		case chinese && c > ' ' && c < 0x7f:
			out, n = r.character(out, b, gb2312)
		default:
			chinese = chinese && c != '\n'
			out = append(out, c)
		}
		b = b[n:]
	}
	return out
}
