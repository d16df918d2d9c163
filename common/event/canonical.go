package event

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"
)

// An Int is a JSON integer of any size, as its digits.
type Int string

// Canonical writes v as fedmsg's encoder does; these bytes are what is signed
// (fedmsg/encoding: Python's json.dumps with sorted keys, no spaces, ASCII
// only). v is made of what Parse returns: map[string]any, []any, string, Int,
// int, int64, float64, bool and nil. Strings may hold lone surrogates in their
// three-byte form, as Parse leaves them.
func Canonical(v any) ([]byte, error) {
	var e encoder
	if err := e.value(v); err != nil {
		return nil, err
	}
	return e.b, nil
}

// WriteCanonical is Canonical in pieces: the canonical form may be six times as
// long as what a stranger sent, and a digest needs no copy of it.
func WriteCanonical(w io.Writer, v any) error {
	e := encoder{w: w}
	if err := e.value(v); err != nil {
		return err
	}
	e.flush()
	return e.err
}

// CanonicalOf writes any Go value that encoding/json can marshal in canonical
// form.
func CanonicalOf(v any) ([]byte, error) {
	tree, err := Tree(v)
	if err != nil {
		return nil, err
	}
	return Canonical(tree)
}

// Tree turns a Go value into what Parse would return for its JSON.
func Tree(v any) (any, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encoding a %T: %w", v, err)
	}
	return Parse(raw)
}

// piece is how many bytes an encoder with a writer gathers.
const piece = 16 << 10

// An encoder gathers canonical bytes, and hands them on where it has a writer.
type encoder struct {
	b   []byte
	w   io.Writer // nil: all stay in b
	err error     // of w
}

// spill hands on what was gathered once it is enough.
func (e *encoder) spill() {
	if e.w != nil && len(e.b) >= piece {
		e.flush()
	}
}

func (e *encoder) flush() {
	if e.err == nil {
		_, e.err = e.w.Write(e.b)
	}
	e.b = e.b[:0]
}

func (e *encoder) value(v any) error {
	e.spill()
	switch v := v.(type) {
	case nil:
		e.b = append(e.b, "null"...)
	case bool:
		e.b = strconv.AppendBool(e.b, v)
	case int:
		e.b = strconv.AppendInt(e.b, int64(v), 10)
	case int64:
		e.b = strconv.AppendInt(e.b, v, 10)
	case Int:
		e.b = append(e.b, v...)
	case float64:
		e.b = appendFloat(e.b, v)
	case string:
		e.text(v)
	case []any:
		return e.array(v)
	case map[string]any:
		return e.object(v)
	default:
		return fmt.Errorf("encoding canonical JSON: a %T has no form there", v)
	}
	return nil
}

func (e *encoder) array(a []any) error {
	e.b = append(e.b, '[')
	for i, v := range a {
		if i > 0 {
			e.b = append(e.b, ',')
		}
		if err := e.value(v); err != nil {
			return err
		}
	}
	e.b = append(e.b, ']')
	return nil
}

// object sorts keys by byte, which for UTF-8 (and for surrogates in their
// three-byte form) is the order of code points that Python sorts by.
func (e *encoder) object(o map[string]any) error {
	e.b = append(e.b, '{')
	for i, k := range slices.Sorted(maps.Keys(o)) {
		if i > 0 {
			e.b = append(e.b, ',')
		}
		e.text(k)
		e.b = append(e.b, ':')
		if err := e.value(o[k]); err != nil {
			return err
		}
	}
	e.b = append(e.b, '}')
	return nil
}

// appendFloat follows Python's repr: the shortest digits that round-trip, plain
// for exponents from -4 to 15, always recognizable as a float.
func appendFloat(b []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(b, "NaN"...)
	case math.IsInf(f, 1):
		return append(b, "Infinity"...)
	case math.IsInf(f, -1):
		return append(b, "-Infinity"...)
	}
	e := strconv.AppendFloat(nil, f, 'e', -1, 64)
	cut := slices.Index(e, 'e')
	exp, _ := strconv.Atoi(string(e[cut+1:]))
	if exp < -4 || exp >= 16 {
		return append(b, e...)
	}
	start := len(b)
	b = strconv.AppendFloat(b, f, 'f', -1, 64)
	if !slices.Contains(b[start:], '.') {
		b = append(b, ".0"...)
	}
	return b
}

const hexDigits = "0123456789abcdef"

func (e *encoder) text(s string) {
	e.b = append(e.b, '"')
	for i := 0; i < len(s); {
		if i%piece < utf8.UTFMax {
			e.spill()
		}
		if n := plain(s[i:min(len(s), i+piece-i%piece)]); n > 0 {
			e.b = append(e.b, s[i:i+n]...)
			i += n
			continue
		}
		if c := s[i]; c < utf8.RuneSelf {
			e.b = appendASCII(e.b, c)
			i++
			continue
		}
		r, n := decodeRune(s[i:])
		if r >= 0x10000 {
			e.b = appendEscape(e.b, 0xd800+(r-0x10000)>>10)
			r = 0xdc00 + (r-0x10000)&0x3ff
		}
		e.b = appendEscape(e.b, r)
		i += n
	}
	e.b = append(e.b, '"')
}

// plain counts the characters that are written as they are, before the first that
// is not.
func plain(s string) int {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c >= 0x7f || c == '"' || c == '\\' {
			return i
		}
	}
	return len(s)
}

func appendASCII(b []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\b':
		return append(b, `\b`...)
	case '\t':
		return append(b, `\t`...)
	case '\n':
		return append(b, `\n`...)
	case '\f':
		return append(b, `\f`...)
	case '\r':
		return append(b, `\r`...)
	}
	if c < 0x20 || c == 0x7f {
		return appendEscape(b, rune(c))
	}
	return append(b, c)
}

func appendEscape(b []byte, r rune) []byte {
	return append(b, '\\', 'u', hexDigits[r>>12&15], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
}

// decodeRune is utf8.DecodeRuneInString that also reads a surrogate in its
// three-byte form; any other bad byte is U+FFFD.
func decodeRune(s string) (rune, int) {
	r, n := utf8.DecodeRuneInString(s)
	if r == utf8.RuneError && n == 1 && len(s) >= 3 && s[0] == 0xed && s[1] >= 0xa0 && s[1] <= 0xbf && s[2]&0xc0 == 0x80 {
		return 0xd000 | rune(s[1]&0x3f)<<6 | rune(s[2]&0x3f), 3
	}
	return r, n
}
