package journal

import (
	"context"
	"errors"
)

// StateOf is what a source last said of one of its things, or ErrNotFound.
func (r *Reader) StateOf(ctx context.Context, source, key string) ([]byte, error) {
	var value []byte
	var sum *int64
	err := r.db.QueryRowContext(ctx, "SELECT value, sum FROM seen WHERE source = ? AND key = ?", source, key).Scan(&value, &sum)
	if err == nil {
		err = checkSum(sum, seenSum(source, key, value), "what %s said of %s", source, key)
	}
	return value, r.fail(err, "reading what %s said of %s", source, key)
}

// EachState calls visit for each thing of a source, in the order of the keys'
// bytes, until visit fails. The value is visit's only until it returns. Memory
// does not grow with the number of things.
func (r *Reader) EachState(ctx context.Context, source string, visit func(key string, value []byte) error) (err error) {
	rows, err := r.db.QueryContext(ctx, "SELECT key, value, sum FROM seen WHERE source = ? ORDER BY key", source)
	if err != nil {
		return r.fail(err, "reading what %s said", source)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var key string
	var value []byte
	for rows.Next() {
		var sum *int64
		if err := rows.Scan(&key, &value, &sum); err != nil {
			return r.fail(err, "reading what %s said", source)
		}
		if err := checkSum(sum, seenSum(source, key, value), "what %s said of %s", source, key); err != nil {
			return r.fail(err, "reading what %s said", source)
		}
		if err := visit(key, value); err != nil {
			return err
		}
	}
	return r.fail(rows.Err(), "reading what %s said", source)
}

// CountStates is how many things each source knows.
func (r *Reader) CountStates(ctx context.Context) (map[string]int64, error) {
	m, err := pairs[int64](ctx, r.db, "SELECT source, count(*) FROM seen GROUP BY source")
	return m, r.fail(err, "counting what the sources said")
}
