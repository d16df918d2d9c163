package wannabuild

import (
	"strconv"
	"strings"
	"time"

	"busbar/common/runes"
)

// Bounds on what bodies carry, in bytes.
const (
	maxWord = 500
	maxText = 16 << 10
)

// text is a column's value; NULL and missing are empty.
func text(row Columns, name string) string {
	if v := row[name]; v != nil {
		return *v
	}
	return ""
}

// word is a column's value on one line and not long.
func word(row Columns, name string) string {
	s, _ := cut(strings.Join(strings.Fields(text(row, name)), " "), maxWord)
	return s
}

// Shown is a name as events show it. Names that differ in their bytes may be
// shown alike; ids are of their bytes.
func Shown(name string) string { return word(Columns{"name": &name}, "name") }

// long is a column's text, cut where it is longer than bodies carry.
func long(row Columns, name string) (string, bool) {
	return cut(strings.TrimSpace(text(row, name)), maxText)
}

func cut(s string, most int) (string, bool) { return runes.Cut(runes.Escape(s), most) }

func number(row Columns, name string) int {
	n, _ := strconv.Atoi(text(row, name))
	return n
}

// flag reads a boolean as PostgreSQL, SQLite or JSON print it.
func flag(row Columns, name string) bool {
	switch strings.ToLower(text(row, name)) {
	case "t", "true", "1":
		return true
	}
	return false
}

// layouts are how a timestamp without time zone comes: from PostgreSQL, from
// JSON, and as the text of older schemas.
var layouts = []string{
	"2006-01-02 15:04:05.999999999",
	"2006-01-02T15:04:05.999999999",
	"2006-01-02T15:04:05.999999999Z07:00",
	"2006-01-02 15:04:05.999999999Z07",
	"2006 Jan 2 15:04:05",
}

// ParseTime reads a column's time in UTC; one without a zone is meant in the
// zone of the writers' sessions.
func ParseTime(s string, zone *time.Location) (time.Time, bool) {
	for _, layout := range layouts {
		if t, err := time.ParseInLocation(layout, strings.TrimSpace(s), zone); err == nil {
			if y := t.UTC().Year(); y < 1 || y > 9999 {
				return time.Time{}, false // RFC 3339 cannot write it
			}
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// moment is a time in keys: one form however it was written, to the
// microsecond.
func moment(s string, zone *time.Location) string {
	if t, ok := ParseTime(s, zone); ok {
		return t.Format(time.RFC3339Nano)
	}
	short, _ := cut(strings.TrimSpace(s), maxWord)
	return short
}
