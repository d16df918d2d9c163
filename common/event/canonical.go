package event

import (
	"encoding/json"
	"fmt"
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
func Canonical(v any) ([]byte, error) { return appendValue(nil, v) }

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

func appendValue(b []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...), nil
	case bool:
		return strconv.AppendBool(b, v), nil
	case int:
		return strconv.AppendInt(b, int64(v), 10), nil
	case int64:
		return strconv.AppendInt(b, v, 10), nil
	case Int:
		return append(b, v...), nil
	case float64:
		return appendFloat(b, v), nil
	case string:
		return appendString(b, v), nil
	case []any:
		return appendArray(b, v)
	case map[string]any:
		return appendObject(b, v)
	}
	return nil, fmt.Errorf("encoding canonical JSON: a %T has no form there", v)
}

func appendArray(b []byte, a []any) ([]byte, error) {
	b = append(b, '[')
	var err error
	for i, v := range a {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = appendValue(b, v); err != nil {
			return nil, err
		}
	}
	return append(b, ']'), nil
}

// appendObject sorts keys by byte, which for UTF-8 (and for surrogates in their
// three-byte form) is the order of code points that Python sorts by.
func appendObject(b []byte, o map[string]any) ([]byte, error) {
	b = append(b, '{')
	var err error
	for i, k := range slices.Sorted(maps.Keys(o)) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendString(b, k), ':')
		if b, err = appendValue(b, o[k]); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
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

func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			b = appendASCII(b, c)
			i++
			continue
		}
		r, n := decodeRune(s[i:])
		if r >= 0x10000 {
			b = appendEscape(b, 0xd800+(r-0x10000)>>10)
			r = 0xdc00 + (r-0x10000)&0x3ff
		}
		b = appendEscape(b, r)
		i += n
	}
	return append(b, '"')
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
