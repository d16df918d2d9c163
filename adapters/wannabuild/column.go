package wannabuild

import (
	"strconv"
	"strings"
	"time"

	"busbar/common/dbrow"
)

// Bounds on what bodies carry, in bytes.
const (
	maxWord = 500
	maxText = 16 << 10
)

// word is a column's value on one line and not long.
func word(row dbrow.Columns, name string) string {
	s, _ := dbrow.Cut(strings.Join(strings.Fields(row.Text(name)), " "), maxWord)
	return s
}

// Shown is a name as events show it. Names that differ in their bytes may be
// shown alike; ids are of their bytes.
func Shown(name string) string { return word(dbrow.Columns{"name": &name}, "name") }

// long is a column's text, cut where it is longer than bodies carry.
func long(row dbrow.Columns, name string) (string, bool) {
	return dbrow.Cut(strings.TrimSpace(row.Text(name)), maxText)
}

func number(row dbrow.Columns, name string) int {
	n, _ := strconv.Atoi(row.Text(name))
	return n
}

// flag reads a boolean as PostgreSQL, SQLite or JSON print it.
func flag(row dbrow.Columns, name string) bool {
	switch strings.ToLower(row.Text(name)) {
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
	return dbrow.Time(strings.TrimSpace(s), zone, layouts)
}

// moment is a time in keys: one form however it was written, to the
// microsecond.
func moment(s string, zone *time.Location) string {
	if t, ok := ParseTime(s, zone); ok {
		return t.Format(time.RFC3339Nano)
	}
	short, _ := dbrow.Cut(strings.TrimSpace(s), maxWord)
	return short
}
