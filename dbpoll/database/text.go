package database

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"busbar/common/charset"
	"busbar/common/runes"
)

// decode makes text of a value's bytes. A database of the encoding SQL_ASCII
// checks nothing, and build logs quote anything: bytes that are not UTF-8 are
// read one by one, so that what was UTF-8 stays. See [charset.Runs].
func decode(v []byte) (text *string, decoded bool) {
	if v == nil {
		return nil, false
	}
	s, odd := charset.Runs(v)
	return &s, odd > 0
}

// Text is how bytes are read.
func Text(v []byte) string {
	text, _ := decode(v)
	if text == nil {
		return ""
	}
	return *text
}

// hash is a digest of bytes that have no text of their own.
func hash(v []byte) string {
	sum := sha256.Sum256(v)
	return hex.EncodeToString(sum[:12])
}

// shortened is what is kept of a value that the server gave whole.
func shortened(v []byte) []byte {
	if len(v) <= whole {
		return v
	}
	head, _ := runes.Cut(v, beginning)
	return fmt.Appendf(nil, "%s %d %s", head, len(v), hash(v))
}

// bytesOf is a driver's value as text. nil is NULL; an empty text is not.
// typeName is the driver's name of the column's type.
func bytesOf(v any, dialect, typeName string) []byte {
	switch v := v.(type) {
	case nil:
		return nil
	case string:
		return append([]byte{}, v...)
	case []byte:
		switch {
		case dialect == SQLite, isBinary(typeName):
			return readable(v)
		case typeName == "BIT":
			return number(v)
		}
		return append([]byte{}, v...)
	case int64:
		return strconv.AppendInt(nil, v, 10)
	case uint64:
		return strconv.AppendUint(nil, v, 10)
	case float32:
		return strconv.AppendFloat(nil, float64(v), 'g', -1, 32)
	case float64:
		return strconv.AppendFloat(nil, v, 'g', -1, 64)
	case time.Time:
		return v.AppendFormat(nil, time.RFC3339Nano)
	}
	return fmt.Append(nil, v)
}

func isBinary(typeName string) bool {
	switch typeName {
	case "BINARY", "VARBINARY", "TINYBLOB", "BLOB", "MEDIUMBLOB", "LONGBLOB", "GEOMETRY":
		return true
	}
	return false
}

// readable is bytes as text: as they are where they are text in UTF-8, else
// their digits, as PostgreSQL prints bytea. No two are printed alike.
func readable(v []byte) []byte {
	text := utf8.Valid(v) && !strings.HasPrefix(string(v[:min(2, len(v))]), `\x`)
	for _, c := range v {
		text = text && (c >= ' ' || c == '\t' || c == '\n' || c == '\r')
	}
	if text {
		return append([]byte{}, v...)
	}
	return hex.AppendEncode([]byte(`\x`), v)
}

// number is the value of a BIT, of at most 64 bits.
func number(v []byte) []byte {
	var n uint64
	for _, b := range v {
		n = n<<8 | uint64(b)
	}
	return strconv.AppendUint(nil, n, 10)
}
