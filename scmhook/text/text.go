// Package text reads strings of JSON without losing a byte. encoding/json makes
// one character of whatever is no UTF-8, so that different refs would become one.
package text

import (
	"encoding/json"
	"errors"
	"reflect"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// A String is the bytes of a JSON string. Half of a surrogate pair, which no
// UTF-8 can be, stands in the three bytes that it would have; null is empty.
type String string

// UnmarshalJSON takes the string apart. The decoder has checked that it is one
// value of JSON.
func (s *String) UnmarshalJSON(raw []byte) error {
	if string(raw) == "null" {
		return nil
	}
	if len(raw) < 2 || raw[0] != '"' {
		return &json.UnmarshalTypeError{Value: kindOf(raw), Type: reflect.TypeFor[string]()}
	}
	b := make([]byte, 0, len(raw))
	for raw = raw[1 : len(raw)-1]; len(raw) > 0; {
		if raw[0] != '\\' || len(raw) < 2 {
			b, raw = append(b, raw[0]), raw[1:]
			continue
		}
		if raw[1] != 'u' {
			b, raw = append(b, short(raw[1])), raw[2:]
			continue
		}
		r, err := unit(raw)
		if err != nil {
			return err
		}
		raw = raw[6:]
		if utf16.IsSurrogate(r) {
			if low, err := unit(raw); err == nil && utf16.DecodeRune(r, low) != utf8.RuneError {
				r, raw = utf16.DecodeRune(r, low), raw[6:]
			}
		}
		b = appendRune(b, r)
	}
	*s = String(b)
	return nil
}

// MarshalJSON writes the string as others do.
func (s String) MarshalJSON() ([]byte, error) { return json.Marshal(string(s)) }

func kindOf(raw []byte) string {
	switch {
	case len(raw) > 0 && raw[0] == '{':
		return "object"
	case len(raw) > 0 && raw[0] == '[':
		return "array"
	case len(raw) > 0 && (raw[0] == 't' || raw[0] == 'f'):
		return "bool"
	}
	return "number"
}

// short is what a backslash and a letter stand for (RFC 8259 §7).
func short(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c
}

// unit reads \uXXXX.
func unit(raw []byte) (rune, error) {
	if len(raw) < 6 || raw[0] != '\\' || raw[1] != 'u' {
		return 0, errors.New("no \\uXXXX")
	}
	n, err := strconv.ParseUint(string(raw[2:6]), 16, 16)
	return rune(n), err
}

func appendRune(b []byte, r rune) []byte {
	if utf16.IsSurrogate(r) {
		return append(b, 0xe0|byte(r>>12), 0x80|byte(r>>6)&0xbf, 0x80|byte(r)&0xbf)
	}
	return utf8.AppendRune(b, r)
}
