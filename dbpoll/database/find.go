package database

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"
)

// ErrEnough is what a visitor gives to end the reading, which is no error.
var ErrEnough = errors.New("enough was read")

// Rows gives the rows with these keys, as far as the columns' own types find
// them: of keys that are plain texts and numbers.
func (s *Snapshot) Rows(ctx context.Context, t Table, keys [][]string, visit func(Row) error) error {
	return s.byKey(ctx, t, wantedKeys(keys), keys, visit)
}

// Find gives the rows with these keys, which this snapshot has shown, whatever
// their types are. Those that are found neither by their keys nor by reading the
// whole table again are lost: their keys are not the same twice.
//
// Many types do not find by their own text again what they printed: bytes,
// approximate numbers, values without a type, or those without an equality.
func (s *Snapshot) Find(ctx context.Context, t Table, keys [][]string, visit func(Row) error) (lost [][]string, err error) {
	wanted := wantedKeys(keys)
	ended := false
	see := func(r Row) error {
		err := visit(r)
		ended = ended || errors.Is(err, ErrEnough)
		return err
	}
	if !s.db.sweeps[t.Name] {
		if err := s.quick(ctx, t, wanted, keys, see); err != nil {
			return nil, err
		}
	}
	if len(wanted) > 0 && !ended {
		if err := s.sweep(ctx, t, wanted, see); err != nil {
			return nil, err
		}
	}
	if ended {
		return nil, ErrEnough
	}
	for _, key := range keys {
		if wanted[joined(key)] {
			lost = append(lost, key)
		}
	}
	return lost, nil
}

// quick is byKey, and finds nothing where the key's type cannot be compared.
func (s *Snapshot) quick(ctx context.Context, t Table, wanted map[string]bool, keys [][]string, visit func(Row) error) error {
	p, isPostgres := s.s.(*postgres)
	if isPostgres { // else an error would end the snapshot
		if err := p.do(ctx, "SAVEPOINT busbar"); err != nil {
			return s.fail(err, "reading rows of "+t.Name)
		}
	}
	err := s.byKey(ctx, t, wanted, keys, visit)
	if !incomparable(err) {
		return err
	}
	s.failed, s.db.sweeps[t.Name] = false, true
	if isPostgres {
		return s.fail(p.do(ctx, "ROLLBACK TO SAVEPOINT busbar"), "reading rows of "+t.Name)
	}
	return nil
}

// byKey takes out of wanted what it finds.
func (s *Snapshot) byKey(ctx context.Context, t Table, wanted map[string]bool, keys [][]string, visit func(Row) error) error {
	const most = 100 // of one statement
	for len(keys) > 0 {
		n := min(most, len(keys), max(1, 900/max(1, len(t.Key)))) // of values: 999 in older SQLite
		text, args := t.selectKeys(s.db.dialect, keys[:n])
		keys = keys[n:]
		_, err := s.s.query(ctx, text, args, func(row [][]byte) error { return s.take(t, wanted, row, visit) })
		if err != nil {
			return s.fail(err, "reading rows of "+t.Name)
		}
	}
	return nil
}

// sweep is byKey, by reading the whole table.
func (s *Snapshot) sweep(ctx context.Context, t Table, wanted map[string]bool, visit func(Row) error) error {
	return s.stream(ctx, t, t.selectRows(s.db.dialect, ""), func(row [][]byte) error {
		if len(wanted) == 0 {
			return ErrEnough
		}
		return s.take(t, wanted, row, visit)
	})
}

// take visits a row if its key is wanted to the byte: types may find others.
func (s *Snapshot) take(t Table, wanted map[string]bool, row [][]byte, visit func(Row) error) error {
	key := make([]string, len(t.Key))
	for i, name := range t.Key {
		key[i] = string(t.refine(name, row[i]))
	}
	name := joined(key)
	if !wanted[name] || hasNull(row[:len(t.Key)]) {
		return nil
	}
	delete(wanted, name)
	r, err := s.row(t, row)
	if err != nil {
		return err
	}
	return visit(r)
}

func wantedKeys(keys [][]string) map[string]bool {
	wanted := make(map[string]bool, len(keys))
	for _, key := range keys {
		wanted[joined(key)] = true
	}
	return wanted
}

// joined is one text for a key, with no two alike.
func joined(key []string) string {
	var b strings.Builder
	for _, k := range key {
		b.WriteString(strconv.Itoa(len(k)))
		b.WriteByte(':')
		b.WriteString(k)
	}
	return b.String()
}

func hasNull(key [][]byte) bool {
	for _, v := range key {
		if v == nil {
			return true
		}
	}
	return false
}

// incomparable tells whether a server refused a comparison for the types or the
// values in it.
func incomparable(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		class := pg.Code[:min(2, len(pg.Code))]
		return class == "22" || class == "0A" || class == "42" && pg.Code != "42501" && pg.Code != "42P01"
	}
	var maria *mysql.MySQLError
	if errors.As(err, &maria) {
		switch maria.Number {
		case 1267, 1270, 1271, // collations do not mix
			1292, 1366, 1411, 1525, // a value that is none of the type
			4078, 4079: // a type that cannot be compared
			return true
		}
	}
	return false
}
