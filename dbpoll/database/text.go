package database

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// decode makes text of a value's bytes. A database of the encoding SQL_ASCII
// checks nothing, and build logs quote anything: bytes that are not UTF-8 are
// read as Windows-1252, one by one, so that what was UTF-8 stays.
func decode(v []byte) (text *string, decoded bool) {
	if v == nil {
		return nil, false
	}
	s := string(v)
	if utf8.ValidString(s) {
		return &s, false
	}
	var b strings.Builder
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && size <= 1 {
			r, size = charmap.Windows1252.DecodeByte(s[0]), 1
		}
		b.WriteRune(r)
		s = s[size:]
	}
	s = b.String()
	return &s, true
}
