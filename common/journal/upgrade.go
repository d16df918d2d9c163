package journal

import (
	"context"
	"errors"
	"fmt"
)

// upgrade brings the file of an older version up to this one; readers refuse
// it until then. One that is another publisher's, or not whole, is left as it is.
// The caller holds the lock.
func upgrade(ctx context.Context, path string, id Identity) (from int, err error) {
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
	s, err := loadState(ctx, tx)
	if err != nil {
		return version, err
	}
	if err := errors.Join(s.same(id), s.checkTail(ctx, tx)); err != nil {
		return version, err
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
