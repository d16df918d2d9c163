package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/uuid"

	"busbar/common/durable"
	"busbar/common/event"
	"busbar/common/sqlfile"
)

// Identity is whose sequence a journal holds. Prefix, Environment and Name are
// fixed when the journal is made; Username may change.
type Identity struct {
	Prefix      string // topic prefix, "org.debian"
	Environment string // "dev", "stg", "production"
	Name        string // the publisher: one adapter instance
	Username    string // the envelope's username: the program
}

func (id Identity) check() error {
	if err := event.CheckPrefix(id.Prefix); err != nil {
		return fmt.Errorf("the prefix: %w", err)
	}
	if err := event.CheckPrefix(id.Environment); err != nil {
		return fmt.Errorf("the environment: %w", err)
	}
	if id.Name == "" {
		return errors.New("the publisher has no name")
	}
	return nil
}

// ensure makes a new journal where none is. It appears whole or not at all:
// made beside its place, brought to disk, and renamed. The caller holds the
// lock.
func ensure(ctx context.Context, path string, id Identity) (created bool, err error) {
	_, err = os.Stat(path)
	if err == nil {
		return false, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return false, explain(err)
	}
	if _, err := os.Stat(path + "-wal"); err == nil {
		return false, fmt.Errorf("%w; put the journal back beside it: the log alone cannot be read. "+
			"Only if it is lost for good, move the -wal aside to begin a new sequence", ErrOrphanWAL)
	}
	fresh := path + ".new"
	if err := sqlfile.Create(fresh, connectWriter, func(db *sql.DB) error { return fill(ctx, db, id) }); err != nil {
		return false, errors.Join(explain(err), sqlfile.Discard(fresh))
	}
	if err := os.Rename(fresh, path); err != nil {
		return false, err
	}
	return true, durable.SyncDir(filepath.Dir(path))
}

func fill(ctx context.Context, db *sql.DB, id Identity) error {
	header := fmt.Sprintf("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA application_id = %d; PRAGMA user_version = %d;",
		applicationID, schemaVersion)
	if _, err := db.ExecContext(ctx, header+schema); err != nil {
		return fmt.Errorf("making the tables: %w", err)
	}
	for name, value := range map[string]any{
		"prefix": id.Prefix, "environment": id.Environment, "name": id.Name, "epoch": uuid.NewString(),
		"base_seq": 0, "base_hash": "", "head_seq": 0, "head_hash": "", "bytes": 0,
	} {
		if _, err := db.ExecContext(ctx, "INSERT INTO meta VALUES (?, ?)", name, value); err != nil {
			return fmt.Errorf("writing %s: %w", name, err)
		}
	}
	_, err := db.ExecContext(ctx, "PRAGMA journal_mode = WAL")
	return err
}
