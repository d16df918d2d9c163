package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// ErrNotOut says that somebody did not opt out, so that the archive would give them again
// what is deleted.
var ErrNotOut = errors.New("they did not opt out, and what the archive has would be counted again (add them to optout in a file of [badges] rules; a daemon that runs learns of it by SIGHUP)")

// Forget deletes all that is known of somebody who opted out. What is left is that they
// did, and that somebody was first where they were. known says whether anything was.
func (r *Reader) Forget(ctx context.Context, key string) (known bool, err error) {
	err = write(ctx, r.db, func(tx *sql.Tx) error {
		var out bool
		if err := tx.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM optout WHERE key = ?)", key).Scan(&out); err != nil {
			return err
		}
		if !out {
			return ErrNotOut
		}
		var id int64
		switch err := tx.QueryRowContext(ctx, "SELECT id FROM people WHERE key = ?", key).Scan(&id); {
		case errors.Is(err, sql.ErrNoRows):
			return nil
		case err != nil:
			return err
		}
		known = true
		for _, query := range []string{
			"UPDATE firsts SET person = 0 WHERE person = ?", "DELETE FROM steps WHERE person = ?", "DELETE FROM units WHERE person = ?",
			"DELETE FROM tallies WHERE person = ?", "DELETE FROM awards WHERE person = ?", "DELETE FROM people WHERE id = ?",
		} {
			if _, err := tx.ExecContext(ctx, query, id); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		// What the log still holds goes into the file, in which secure_delete has put zeros.
		var busy, log, done int64
		err = r.db.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &log, &done)
	}
	if err != nil {
		return known, fmt.Errorf("forgetting %s: %w", key, err)
	}
	return known, nil
}

// CopiesAgain has all badges read the archive's copies from the first: their numbers
// began again.
func (l *Ledger) CopiesAgain(ctx context.Context) error {
	if _, err := l.db.ExecContext(ctx, "UPDATE badges SET copies = 0"); err != nil {
		return fmt.Errorf("beginning again with copies: %w", err)
	}
	for _, h := range l.badges {
		h.position.Copies = 0
	}
	return nil
}
