package database

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Try reads one row of a table and finds it again by its key. The error says why
// the table cannot be followed; swept, that the server finds no row by its key,
// so that the table is read twice where rows changed.
func (s *Snapshot) Try(ctx context.Context, t Table) (swept bool, err error) {
	var first []string
	err = s.stream(ctx, t, t.selectDigests(s.db.dialect, "")+" LIMIT 1", func(row [][]byte) error {
		if hasNull(row[:len(t.Key)]) {
			return nil // which is looked for in all rows
		}
		for i, name := range t.Key {
			first = append(first, string(t.refine(name, row[i])))
		}
		return nil
	})
	if err != nil || first == nil {
		return swept, err
	}
	wanted := wantedKeys([][]string{first})
	visit := func(Row) error { return nil }
	if err := s.quick(ctx, t, wanted, [][]string{first}, visit); err != nil {
		return swept, err
	}
	if swept = len(wanted) > 0; swept {
		if err := s.sweep(ctx, t, wanted, visit); err != nil {
			return swept, err
		}
	}
	if len(wanted) > 0 {
		return swept, fmt.Errorf("a row of %s is not found when it is read again: its key is not the same twice (%s)", t.Name, strings.Join(t.Key, ", "))
	}
	return swept, nil
}

// Keyed fails where a row of a table has no key of its own. It may take long,
// and ends the snapshot where it takes too long.
func (s *Snapshot) Keyed(ctx context.Context, t Table) error {
	var null, key []string
	for _, name := range t.Key {
		q := t.named(s.db.dialect, name)
		switch s.db.dialect {
		case MariaDB:
			q = "CAST(" + q + " AS BINARY)"
		case SQLite:
			q = "CAST(" + q + " AS BLOB)"
		default:
			q += ` COLLATE "C"`
		}
		key, null = append(key, q), append(null, q+" IS NULL") // bare, MariaDB's 0000-00-00 would be
	}
	from := "SELECT 1 AS n FROM " + quoteTable(s.db.dialect, t.Name)
	without, err := s.Value(ctx, from+" WHERE "+strings.Join(null, " OR ")+" LIMIT 1")
	if err != nil {
		return err
	}
	if without != "" {
		return fmt.Errorf("%w, one of %s; choose columns that name every row", ErrNoKey, strings.Join(t.Key, ", "))
	}
	twice, err := s.Value(ctx, from+" GROUP BY "+strings.Join(key, ", ")+" HAVING count(*) > 1 LIMIT 1")
	if err == nil && twice != "" {
		err = ErrTwice
	}
	return err
}

// ErrTwice says that two rows have the same key.
var ErrTwice = errors.New("two rows have the same key: choose columns that name one row each, as [[table]] key")
