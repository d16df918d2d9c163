package database

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// A Column of a table or view.
type Column struct {
	Name string
	kind kind
}

// A kind is what must be known of a column's type to print its values.
type kind int

const (
	short  kind = iota // no value is long
	long               // values may be of any length
	single             // MariaDB's FLOAT, of which the server itself prints six digits
	utc                // MariaDB's TIMESTAMP, which bears no zone and is printed in the session's
)

// Bounds on values. One that is longer than whole bytes is read as its
// beginning, its length and its digest, so that each change of it is seen and
// none fills the memory.
const (
	whole     = 256 << 10
	beginning = 64 << 10
	// SQLite digests nothing itself, so that its values must be read whole. Of
	// those that are longer than this, or than their share where a row has many,
	// only the length is read.
	wholeOfSQLite = 16 << 20
	rowOfSQLite   = 48 << 20
)

// quote quotes a name as the dialect does. What stands between double quotes and
// names no column is a text to SQLite, so that a column that went would be read
// as its own name in every row; between these it is an error.
func quote(dialect, name string) string {
	if dialect != PostgreSQL {
		return "`" + strings.ReplaceAll(name, "`", "``") + "`"
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

// quoteTable quotes a table's name; a point parts it from its schema.
func quoteTable(dialect, name string) string {
	parts := strings.Split(name, ".")
	for i, p := range parts {
		parts[i] = quote(dialect, p)
	}
	return strings.Join(parts, ".")
}

// Typed is the table with what the columns' types mean for reading them.
func (t Table) Typed(columns []Column) Table {
	t.kinds = make(map[string]kind, len(columns))
	for _, c := range columns {
		t.kinds[c.Name] = c.kind
	}
	return t
}

// Same tells whether both are read alike: the same columns, of the same kinds.
func (t Table) Same(other Table) bool {
	return t.Name == other.Name && slices.Equal(t.Key, other.Key) && slices.Equal(t.Watch, other.Watch) && maps.Equal(t.kinds, other.kinds)
}

// InUTC tells whether a column's times are printed in UTC without saying so.
func (t Table) InUTC(name string) bool { return t.kinds[name] == utc }

// named is a column that names rows as text, always whole.
func (t Table) named(dialect, name string) string {
	q := quote(dialect, name)
	switch {
	case dialect == PostgreSQL:
		return q + "::text"
	case dialect == SQLite:
		return "+" + q // a bare column would be printed by its declared type
	case t.kinds[name] == single:
		return "CAST(" + q + " AS DOUBLE)"
	}
	return q
}

// printed is a column as text, cut where it is long.
func (t Table) printed(dialect, name string) string {
	q := t.named(dialect, name)
	if dialect == SQLite {
		most := min(wholeOfSQLite, max(whole, rowOfSQLite/max(1, len(t.Watch))))
		q = quote(dialect, name)
		return fmt.Sprintf("CASE WHEN octet_length(%s) > %d THEN '(' || octet_length(%s) || ' bytes)' ELSE %s END", q, most, q, q)
	}
	if t.kinds[name] != long {
		return q
	}
	if dialect == MariaDB {
		return fmt.Sprintf("IF(OCTET_LENGTH(%s) > %d, CONCAT(LEFT(%s, %d), ' ', OCTET_LENGTH(%s), ' ', MD5(%s)), %s)", q, whole, q, beginning, q, q, q)
	}
	hash := func(seed string) string { return "hashtextextended(" + q + ` COLLATE "C", ` + seed + ")" }
	return fmt.Sprintf("CASE WHEN octet_length(%s) > %d THEN left(%s, %d) || ' ' || octet_length(%s) || ' ' || %s || ' ' || %s ELSE %s END",
		q, whole, q, beginning, q, hash("0"), hash("1"), q)
}

// refine is a value as it is published: of a FLOAT, which comes as a DOUBLE, the
// fewest digits that name it.
func (t Table) refine(name string, v []byte) []byte {
	if v == nil || t.kinds[name] != single {
		return v
	}
	f, err := strconv.ParseFloat(string(v), 64)
	if err != nil {
		return v
	}
	return strconv.AppendFloat(nil, float64(float32(f)), 'g', -1, 32)
}
