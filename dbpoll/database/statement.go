package database

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

// quote quotes a name as the dialect does.
func quote(dialect, name string) string {
	if dialect == MariaDB {
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

// printed is a column as text.
func printed(dialect, name string) string {
	q := quote(dialect, name)
	if dialect == PostgreSQL {
		return q + "::text"
	}
	return q
}

// digest is the expression that digests the watched columns on the server, or
// the columns themselves where it has no function for that.
func (t Table) digest(dialect string) string {
	list := make([]string, len(t.Watch))
	for i, name := range t.Watch {
		list[i] = quote(dialect, name)
		if dialect == MariaDB {
			list[i] = "QUOTE(" + list[i] + ")"
		}
	}
	all := strings.Join(list, ", ")
	switch {
	case dialect == PostgreSQL:
		return "hashtextextended(ROW(" + all + ")::text, 0)"
	case dialect == MariaDB && all == "":
		return "0"
	case dialect == MariaDB:
		return "CONV(LEFT(MD5(CONCAT_WS(',', " + all + ")), 16), 16, 10)"
	}
	return all
}

func (t Table) selectAll(dialect string, columns []string, digest string) string {
	if dialect == SQLite && len(columns) > len(t.Key) {
		digest = "" // the columns are there already
	}
	text := "SELECT " + t.list(dialect, columns, digest) + " FROM " + quoteTable(dialect, t.Name)
	if t.Where != "" {
		text += " WHERE " + t.Where
	}
	return text
}

func (t Table) list(dialect string, columns []string, digest string) string {
	var list []string
	for _, name := range columns {
		list = append(list, printed(dialect, name))
	}
	if digest != "" {
		list = append(list, digest)
	}
	return strings.Join(list, ", ")
}

func (t Table) selectKeys(dialect string, keys [][]string) (text string, args []any) {
	text = t.selectAll(dialect, append(append([]string{}, t.Key...), t.Watch...), t.digest(dialect))
	join := " WHERE ("
	if t.Where != "" {
		join = " AND ("
	}
	var any []string
	for _, key := range keys {
		var all []string
		for i, name := range t.Key {
			args = append(args, key[i])
			place := "?"
			if dialect == PostgreSQL {
				place = "$" + strconv.Itoa(len(args))
			}
			all = append(all, quote(dialect, name)+" = "+place)
		}
		any = append(any, "("+strings.Join(all, " AND ")+")")
	}
	return text + join + strings.Join(any, " OR ") + ")", args
}

// digestOf reads the server's digest, or makes it of the columns.
func digestOf(dialect string, values [][]byte) (uint64, error) {
	switch dialect {
	case PostgreSQL:
		n, err := strconv.ParseInt(string(values[0]), 10, 64)
		return uint64(n), err
	case MariaDB:
		return strconv.ParseUint(string(values[0]), 10, 64)
	}
	h := sha256.New()
	for _, v := range values {
		if v == nil {
			h.Write([]byte("-,"))
			continue
		}
		fmt.Fprintf(h, "%d:", len(v))
		h.Write(v)
		h.Write([]byte{','})
	}
	return binary.BigEndian.Uint64(h.Sum(nil)), nil
}
