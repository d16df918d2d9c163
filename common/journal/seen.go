package journal

import (
	"context"
	"errors"
	"fmt"
)

// SeenOf is what a source last said of one of its things, or ErrNotFound.
func (r *Reader) SeenOf(ctx context.Context, source, key string) ([]byte, error) {
	var value []byte
	var sum *int64
	err := r.db.QueryRowContext(ctx, "SELECT value, sum FROM seen WHERE source = ? AND key = ?", source, key).Scan(&value, &sum)
	if err == nil {
		err = checkSum(sum, seenSum(source, key, value), "what %s said of %s", source, key)
	}
	return value, r.fail(err, "reading what %s said of %s", source, key)
}

// EachSeen calls visit for each thing of a source, in the order of the keys'
// bytes, until visit fails. The value is visit's only until it returns. Memory
// does not grow with the number of things.
func (r *Reader) EachSeen(ctx context.Context, source string, visit func(key string, value []byte) error) (err error) {
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

// CountSeen is how many things each source knows.
func (r *Reader) CountSeen(ctx context.Context) (map[string]int64, error) {
	m, err := pairs[int64](ctx, r.db, "SELECT source, count(*) FROM seen GROUP BY source")
	return m, r.fail(err, "counting what the sources said")
}

// upgrade brings the file of an older version up to this one; readers refuse
// it until then. The caller holds the lock.
func upgrade(ctx context.Context, path string) (from int, err error) {
	if err := checkFile(path); err != nil {
		return 0, err
	}
	if err := checkWAL(real(path) + "-wal"); err != nil {
		return 0, err
	}
	db, err := connectWriter(path)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return 0, explain(err)
	}
	defer tx.Rollback()
	var app, version int
	if err := tx.QueryRowContext(ctx, "PRAGMA application_id").Scan(&app); err != nil {
		return 0, explain(err)
	}
	if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return 0, explain(err)
	}
	if app != applicationID || version < 1 || version >= schemaVersion {
		return version, nil // nothing to do, or nothing of ours: the check says so
	}
	for v := version; v < schemaVersion; v++ {
		if _, err := tx.ExecContext(ctx, upgrades[v]); err != nil {
			return version, fmt.Errorf("upgrading it from version %d: %w", v, explain(err))
		}
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", schemaVersion)); err != nil {
		return version, explain(err)
	}
	return version, explain(tx.Commit())
}
