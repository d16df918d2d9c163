package database

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// digest is the expression that digests the watched columns on the server;
// empty where it has no function for that, so that the columns are read.
func (t Table) digest(dialect string) string {
	switch {
	case dialect == SQLite:
		return ""
	case dialect == MariaDB && len(t.Watch) == 0:
		return "0"
	case dialect == MariaDB:
		return t.digestOfMariaDB()
	}
	list := make([]string, len(t.Watch))
	for i, name := range t.Watch {
		list[i] = quote(dialect, name)
	}
	return "hashtextextended(ROW(" + strings.Join(list, ", ") + ")::text, 0)"
}

// digestOfMariaDB is that of all texts; or where they are longer together than
// max_allowed_packet, and the server gives NULL for their quotation, that of
// their own digests.
func (t Table) digestOfMariaDB() string {
	quoted, hashed := make([]string, len(t.Watch)), make([]string, len(t.Watch))
	for i, name := range t.Watch {
		q := t.named(MariaDB, name)
		quoted[i] = "QUOTE(CAST(" + q + " AS BINARY))" // texts of several encodings have no text in common
		hashed[i] = "IFNULL(MD5(" + q + "), '-')"
	}
	all := func(list []string) string {
		return "CONV(LEFT(MD5(CONCAT(" + strings.Join(list, ", ',', ") + ")), 16), 16, 10)"
	}
	return "COALESCE(" + all(quoted) + ", " + all(hashed) + ")"
}

// selectDigests reads the key and the digest of every row.
func (t Table) selectDigests(dialect string) string {
	if dialect == SQLite {
		return t.selectRows(dialect)
	}
	return t.from(dialect, append(t.listKey(dialect), t.digest(dialect)))
}

// selectRows reads every row: key, watched columns, digest.
func (t Table) selectRows(dialect string) string {
	list := t.listKey(dialect)
	for _, name := range t.Watch {
		list = append(list, t.printed(dialect, name))
	}
	if digest := t.digest(dialect); digest != "" {
		list = append(list, digest)
	}
	return t.from(dialect, list)
}

func (t Table) listKey(dialect string) []string {
	var list []string
	for _, name := range t.Key {
		list = append(list, t.named(dialect, name))
	}
	return list
}

func (t Table) from(dialect string, list []string) string {
	text := "SELECT " + strings.Join(list, ", ") + " FROM " + quoteTable(dialect, t.Name)
	if t.Where != "" {
		text += " WHERE " + t.Where
	}
	return text
}

// selectKeys reads the rows with these keys as an index finds them: as the
// column's own type compares, which may be more rows, or none at all.
func (t Table) selectKeys(dialect string, keys [][]string) (text string, args []any) {
	text = t.selectRows(dialect)
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

// errDigest is a server's digest that is none, in words that help.
var errDigest = errors.New("the server gave no digest of a row; MariaDB does so where max_allowed_packet is less than 40 bytes for each column that is watched")

// digestOf reads the server's digest, or makes it of the columns.
func digestOf(dialect string, values [][]byte) (uint64, error) {
	if dialect != SQLite && values[0] == nil {
		return 0, errDigest
	}
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
