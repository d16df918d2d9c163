package compare

import (
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"busbar/common/dbrow"
	"busbar/dbpoll/database"
)

// What the byte between a value's head and its JSON says.
const (
	gone     = 0
	asBefore = 1 // the row is there, its values as older versions printed them
	asNow    = 2 // the row is there
)

// renew prints a row of an older version as this one does, where that is all
// that differs: an upgrade is no news of each row. Older versions gave times in
// SQLite a zone, six digits to a FLOAT, and bytes as they came.
func renew(before, after dbrow.Columns, dialect string) {
	if dialect == database.PostgreSQL {
		return // which printed as it does now
	}
	for name, was := range before {
		if is := after[name]; was != nil && is != nil && *was != *is && renewed(*was, *is) {
			before[name] = is
		}
	}
}

func renewed(was, is string) bool {
	return sameTime(was, is) || sameFloat(was, is) || sameBytes(was, is)
}

func sameTime(was, is string) bool {
	at, err := time.Parse(time.RFC3339Nano, was)
	if err != nil {
		return false
	}
	for _, layout := range []string{
		time.DateOnly, "2006-01-02 15:04:05.999999999", "2006-01-02 15:04", "2006-01-02T15:04:05.999999999", "2006-01-02T15:04",
		"2006-01-02 15:04:05.999999999-07:00", "2006-01-02T15:04:05.999999999-07:00",
	} {
		if t, err := time.Parse(layout, strings.TrimSuffix(is, "Z")); err == nil {
			return t.Equal(at)
		}
	}
	return false
}

func sameFloat(was, is string) bool {
	a, err := strconv.ParseFloat(was, 32)
	b, err2 := strconv.ParseFloat(is, 32)
	return err == nil && err2 == nil && strings.ContainsAny(is, ".e") && strconv.FormatFloat(b, 'g', 6, 32) == strconv.FormatFloat(a, 'g', 6, 32) &&
		strconv.FormatFloat(a, 'g', -1, 32) == strconv.FormatFloat(a, 'g', 6, 32)
}

func sameBytes(was, is string) bool {
	var v []byte
	if digits, ok := strings.CutPrefix(is, `\x`); ok {
		v, _ = hex.DecodeString(digits)
	} else if n, err := strconv.ParseUint(is, 10, 64); err == nil { // a BIT, of up to eight bytes
		for v = []byte{byte(n)}; n > 255; v = append([]byte{byte(n)}, v...) {
			n >>= 8
		}
	}
	return len(v) > 0 && was != "" && strings.TrimLeft(database.Text(v), "\x00") == strings.TrimLeft(was, "\x00")
}
