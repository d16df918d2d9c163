// Package dbrow holds rows of databases as text: what dbpoll reads and what
// adapters make events of.
//
// Not here: reading a database (dbpoll/database).
package dbrow

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"busbar/common/runes"
)

// Columns is a row: each column's value as the server prints it as text, in
// UTF-8; nil is NULL. A column that is not there could not be read.
type Columns map[string]*string

// Text is a column's value; NULL and missing are empty.
func (c Columns) Text(name string) string {
	if v := c[name]; v != nil {
		return *v
	}
	return ""
}

// Size is how many bytes a row's texts take.
func (c Columns) Size() (n int) {
	for _, text := range c {
		if text != nil {
			n += len(*text)
		}
	}
	return n
}

// UnmarshalJSON reads a row whose values are strings, numbers, booleans or null.
// null is no row.
func (c *Columns) UnmarshalJSON(text []byte) error {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var values map[string]any
	if err := dec.Decode(&values); err != nil {
		return fmt.Errorf("reading a row: %w", err)
	}
	if *c = nil; values == nil {
		return nil
	}
	*c = make(Columns, len(values))
	for name, v := range values {
		var s string
		switch v := v.(type) {
		case nil:
			(*c)[name] = nil
			continue
		case string:
			s = v
		case json.Number:
			s = v.String()
		case bool:
			s = strconv.FormatBool(v)
		default:
			return fmt.Errorf("reading a row: column %s holds neither text, number, boolean nor null", name)
		}
		(*c)[name] = &s
	}
	return nil
}

// Same tells whether two values are equal, or both NULL.
func Same(a, b *string) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

// Cut is a value as events show it, of at most so many bytes, and whether
// anything was left out.
func Cut(s string, most int) (string, bool) { return runes.Cut(runes.Escape(s), most) }

// Time reads a time in one of some layouts, in UTC; one that names no zone is
// meant in the given one.
func Time(s string, zone *time.Location, layouts []string) (time.Time, bool) {
	for _, layout := range layouts {
		if t, err := time.ParseInLocation(layout, s, zone); err == nil {
			if y := t.UTC().Year(); y < 1 || y > 9999 {
				return time.Time{}, false // RFC 3339 cannot write it
			}
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}
