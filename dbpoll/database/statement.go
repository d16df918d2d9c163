package database

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
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
	return "hashtextextended(" + t.printedRow() + ", 0)"
}

// printedRow is one text of all watched columns, as PostgreSQL prints rows.
func (t Table) printedRow() string {
	list := make([]string, len(t.Watch))
	for i, name := range t.Watch {
		list[i] = quote(PostgreSQL, name)
	}
	return "ROW(" + strings.Join(list, ", ") + ")::text"
}

// digestOfMariaDB is that of all texts; or where they are longer together than
// max_allowed_packet, and the server gives NULL for their quotation, that of
// their own digests.
func (t Table) digestOfMariaDB() string {
	quoted, hashed := make([]string, len(t.Watch)), make([]string, len(t.Watch))
	for i, name := range t.Watch {
		quoted[i] = t.quotedByMariaDB(name)
		hashed[i] = "IFNULL(MD5(" + t.named(MariaDB, name) + "), '-')"
	}
	all := func(list []string) string {
		return "CONV(LEFT(MD5(CONCAT(" + strings.Join(list, ", ',', ") + ")), 16), 16, 10)"
	}
	return "COALESCE(" + all(quoted) + ", " + all(hashed) + ")"
}

// quotedByMariaDB is a column's bytes as MariaDB quotes them: texts of several
// encodings have no text in common.
func (t Table) quotedByMariaDB(name string) string {
	return "QUOTE(CAST(" + t.named(MariaDB, name) + " AS BINARY))"
}

// selectDigests reads the key and the digest of every row that meets a
// condition.
func (t Table) selectDigests(dialect, and string) string {
	if dialect == SQLite {
		return t.selectRows(dialect, "")
	}
	return t.selectDigested(dialect, t.listKey(dialect), and)
}

// selectRows reads every row that meets a condition: key, watched columns,
// digest.
func (t Table) selectRows(dialect, and string) string {
	list := t.listKey(dialect)
	for _, name := range t.Watch {
		list = append(list, t.printed(dialect, name))
	}
	return t.selectDigested(dialect, list, and)
}

// selectDigested reads columns, and of each row the digest, and the bucket and
// its share of that where the table has buckets.
func (t Table) selectDigested(dialect string, list []string, and string) string {
	switch {
	case dialect == SQLite:
		return t.from(dialect, list, and)
	case t.Buckets == 0:
		return t.from(dialect, append(list, t.digest(dialect)), and)
	case dialect == MariaDB:
		return t.from(dialect, append(list, t.digest(dialect), t.bucket(dialect), t.hashOfKey(dialect)), and)
	}
	outer := make([]string, len(list))
	for i, expression := range list {
		outer[i] = "c" + strconv.Itoa(i)
		list[i] = expression + " AS " + outer[i]
	}
	return "SELECT " + strings.Join(append(outer, "hashtextextended(r, 0)", "k & "+strconv.Itoa(t.Buckets-1), "hashtextextended(r, k)"), ", ") +
		" FROM (" + t.from(dialect, append(list, t.printedRow()+" AS r", t.hashOfKey(dialect)+" AS k"), and) + " " + apart + ") s"
}

func (t Table) listKey(dialect string) []string {
	var list []string
	for _, name := range t.Key {
		list = append(list, t.named(dialect, name))
	}
	return list
}

func (t Table) from(dialect string, list []string, and ...string) string {
	text := "SELECT " + strings.Join(list, ", ") + " FROM " + quoteTable(dialect, t.Name)
	where := slices.DeleteFunc(append([]string{t.Where}, and...), func(c string) bool { return c == "" })
	if len(where) > 0 {
		text += " WHERE " + strings.Join(where, " AND ")
	}
	return text
}

// selectKeys reads the rows with these keys as an index finds them: as the
// column's own type compares, which may be more rows, or none at all.
func (t Table) selectKeys(dialect string, keys [][]string) (text string, args []any) {
	var any []string
	for _, key := range keys {
		var all []string
		for i, name := range t.Key {
			args = append(args, key[i])
			parameter := "?"
			if dialect == PostgreSQL {
				parameter = "$" + strconv.Itoa(len(args))
			}
			all = append(all, quote(dialect, name)+" = "+parameter)
		}
		any = append(any, "("+strings.Join(all, " AND ")+")")
	}
	return t.selectRows(dialect, "("+strings.Join(any, " OR ")+")"), args
}

// errDigest is a server's digest that is none, in words that help.
var errDigest = errors.New("the server gave no digest of a row; MariaDB does so where max_allowed_packet is less than 40 bytes for each column that is watched")

// digestOf reads the server's digest, or makes it of the columns.
func digestOf(dialect string, values [][]byte) (d Digest, err error) {
	d.Bucket = -1
	if dialect == SQLite {
		d.Columns = digestOfColumns(values)
		return d, nil
	}
	if values[0] == nil {
		return d, errDigest
	}
	if d.Columns, err = number64(dialect, values[0]); err != nil || len(values) == 1 {
		return d, err
	}
	if d.Bucket, err = strconv.Atoi(string(values[1])); err != nil {
		return d, err
	}
	of, err := number64(dialect, values[2])
	if d.share = product(d.Columns, of); dialect == PostgreSQL {
		d.share = seeded(d.Columns, of)
	}
	return d, err
}

// number64 reads 64 bits, which PostgreSQL takes for signed.
func number64(dialect string, text []byte) (uint64, error) {
	if dialect == PostgreSQL {
		n, err := strconv.ParseInt(string(text), 10, 64)
		return uint64(n), err
	}
	return strconv.ParseUint(string(text), 10, 64)
}

func digestOfColumns(values [][]byte) uint64 {
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
	return binary.BigEndian.Uint64(h.Sum(nil))
}
