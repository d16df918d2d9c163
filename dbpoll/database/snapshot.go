package database

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"busbar/common/dbrow"
)

// A Table is what is read of a table or view. Every name is quoted.
type Table struct {
	Name  string   // "packages", "amd64_public.packages"
	Key   []string // columns that name a row; never NULL
	Watch []string // the other columns that count
	Where string   // SQL that rows must meet; of presets only, never of users
	// Buckets is how many buckets the server assigns the rows to: a power of
	// two, 0 for none. See [Snapshot.Sums].
	Buckets int

	kinds map[string]kind // of columns, as far as they are known
}

// A Row is one row of a table.
type Row struct {
	// Key is what the key columns hold, to the byte; Columns has the same.
	Key     []string
	Digest  Digest // as Digests gives it
	Columns dbrow.Columns
	// Bytes holds, for each watched column whose value is not UTF-8, a digest
	// of its bytes: two values may be read as one text.
	Bytes map[string]string
}

// A Snapshot is the database at one moment.
type Snapshot struct {
	db      *DB
	s       session
	failed  bool
	decoded map[string]int64
}

// Close ends the snapshot, so that the server can forget it.
func (s *Snapshot) Close() error {
	err := s.s.end()
	if err == nil && !s.failed {
		return nil
	}
	err = errors.Join(err, s.db.Close())
	if s.failed {
		return nil // published already
	}
	return fmt.Errorf("ending to read the database: %w", err)
}

// Dialect is that of the database.
func (s *Snapshot) Dialect() string { return s.db.dialect }

// Decoded counts values that were not UTF-8 and were read as Windows-1252, by
// column.
func (s *Snapshot) Decoded() map[string]int64 { return maps.Clone(s.decoded) }

// ErrNoKey says that a row has NULL in a column that should name it.
var ErrNoKey = errors.New("a row has NULL in a key column")

// Digests gives the key and the digest of every row in some buckets (nil: of
// all rows), in any order. A part of the key may be NULL, nil: [Named] says what
// is wrong then. The key's bytes are visit's only until it returns.
func (s *Snapshot) Digests(ctx context.Context, t Table, buckets []int, visit func(key [][]byte, d Digest) error) error {
	n := len(t.Key)
	key := make([][]byte, n)
	return s.stream(ctx, t, t.selectDigests(s.db.dialect, t.within(s.db.dialect, buckets)), func(row [][]byte) error {
		d, err := digestOf(s.db.dialect, row[n:])
		if err != nil {
			return err
		}
		for i, name := range t.Key {
			key[i] = t.refine(name, row[i])
		}
		return visit(key, d)
	})
}

// Full gives every row, in any order.
func (s *Snapshot) Full(ctx context.Context, t Table, visit func(Row) error) error {
	return s.stream(ctx, t, t.selectRows(s.db.dialect, ""), func(row [][]byte) error {
		r, err := s.row(t, row)
		if err != nil {
			return err
		}
		return visit(r)
	})
}

// Query runs a statement of our own, with values for $1 and so on (? outside
// PostgreSQL). Nothing else may be asked before it returns.
func (s *Snapshot) Query(ctx context.Context, text string, args []any, visit func(dbrow.Columns) error) error {
	var rows [][]*string
	names, err := s.s.query(ctx, text, args, func(row [][]byte) error {
		values := make([]*string, len(row))
		for i, v := range row {
			values[i] = s.text(text, v)
		}
		rows = append(rows, values)
		return nil
	})
	if err != nil {
		return s.fail(err, "asking the database")
	}
	for _, values := range rows {
		c := make(dbrow.Columns, len(names))
		for i, column := range names {
			c[column.Name] = values[i]
		}
		if err := visit(c); err != nil {
			return err
		}
	}
	return nil
}

// Each is Query for many rows: they come one by one, and their columns bear the
// names given here. Of those that are among ids, the bytes are given.
func (s *Snapshot) Each(ctx context.Context, text string, args []any, names, ids []string, visit func(dbrow.Columns) error) error {
	_, err := s.s.query(ctx, text, args, func(row [][]byte) error {
		c := make(dbrow.Columns, len(names))
		for i, name := range names {
			if slices.Contains(ids, name) {
				c[name] = raw(row[i])
			} else {
				c[name] = s.text(name, row[i])
			}
		}
		return visit(c)
	})
	return s.fail(err, "asking the database")
}

// Value is the one value of a statement's one row; empty where there is none.
func (s *Snapshot) Value(ctx context.Context, text string, args ...any) (string, error) {
	var value string
	err := s.Query(ctx, text, args, func(c dbrow.Columns) error {
		for _, v := range c {
			if v != nil {
				value = *v
			}
		}
		return nil
	})
	return value, err
}

// Describe names the columns of a table or view, as far as it may be read.
func (s *Snapshot) Describe(ctx context.Context, table string) ([]Column, error) {
	columns, err := s.s.query(ctx, "SELECT * FROM "+quoteTable(s.db.dialect, table)+" LIMIT 0", nil, func([][]byte) error { return nil })
	return columns, s.fail(err, "reading what columns "+table+" has")
}

// Complete fills in the columns to watch where none are named, and checks those
// that are.
func (s *Snapshot) Complete(ctx context.Context, t Table) (Table, error) {
	columns, err := s.Describe(ctx, t.Name)
	if err != nil {
		return t, err
	}
	var names []string
	for _, c := range columns {
		names = append(names, c.Name)
	}
	for _, c := range slices.Concat(t.Key, t.Watch) {
		if !slices.Contains(names, c) {
			return t, fmt.Errorf("table %s has no column %q; its columns are %s", t.Name, c, strings.Join(names, ", "))
		}
	}
	if len(t.Watch) == 0 {
		t.Watch = slices.DeleteFunc(names, func(c string) bool { return slices.Contains(t.Key, c) })
	}
	return t.Typed(columns), nil
}

// stream reads rows in bounded fetches; ErrEnough ends it well.
func (s *Snapshot) stream(ctx context.Context, t Table, text string, visit func([][]byte) error) error {
	err := s.s.stream(ctx, text, visit)
	if errors.Is(err, ErrEnough) {
		return nil
	}
	return s.fail(err, "reading "+t.Name)
}

// row makes a Row of key, watched columns and digest.
func (s *Snapshot) row(t Table, values [][]byte) (Row, error) {
	n := len(t.Key)
	if err := Named(t, values[:n]); err != nil {
		return Row{}, err
	}
	r := Row{Columns: make(dbrow.Columns, n+len(t.Watch))}
	for i, name := range t.Key {
		key := raw(t.refine(name, values[i]))
		r.Columns[name] = key
		r.Key = append(r.Key, *key)
	}
	for i, name := range t.Watch {
		v := shortened(t.refine(name, values[n+i]))
		text, was := decode(v)
		if r.Columns[name] = text; was {
			s.decoded[name]++
			if r.Bytes == nil {
				r.Bytes = map[string]string{}
			}
			r.Bytes[name] = hash(v)
		}
	}
	digested := values[n+len(t.Watch):]
	if s.db.dialect == SQLite { // which digests nothing itself
		digested = values[n:]
	}
	var err error
	r.Digest, err = digestOf(s.db.dialect, digested)
	return r, err
}

func (s *Snapshot) text(column string, v []byte) *string {
	text, was := decode(v)
	if was {
		s.decoded[column]++
	}
	return text
}

func raw(v []byte) *string {
	if v == nil {
		return nil
	}
	text := string(v)
	return &text
}

// Named fails where a part of a key is NULL.
func Named(t Table, key [][]byte) error {
	for i, v := range key {
		if v == nil {
			return fmt.Errorf("%w, %s; choose columns that name every row", ErrNoKey, t.Key[i])
		}
	}
	return nil
}

// fail notes that the transaction is over, and adds what a person can do.
func (s *Snapshot) fail(err error, what string) error {
	if err == nil || errors.Is(err, ErrEnough) {
		return err
	}
	s.failed = true
	return fmt.Errorf("%s: %w", what, advise(hide(s.db.o.URL, err)))
}
