package archive

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/google/uuid"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"busbar/common/durable"
	"busbar/common/sqlfile"
	"busbar/common/state"
)

// patience is how long a statement waits for a lock of another program.
const patience = 10 * time.Second

// readers is how many questions of one Reader run at once; the others wait.
const readers = 8

func connectWriter(path string) (*sql.DB, error) {
	return sqlfile.Open(path, 1, url.Values{"mode": {"rw"}, "_txlock": {"immediate"}, "_pragma": {
		fmt.Sprintf("busy_timeout(%d)", patience.Milliseconds()), "synchronous(FULL)", "trusted_schema(OFF)", "cell_size_check(ON)",
		// Its indices are written all over.
		"cache_size(-32000)",
		fmt.Sprintf("wal_autocheckpoint(%d)", checkpointPages),
		fmt.Sprintf("journal_size_limit(%d)", keptLog),
	}})
}

// connectReader never creates or changes an archive. (SQLite may make the -shm and
// an empty -wal beside it, which reading a WAL file needs.)
func connectReader(path string) (*sql.DB, error) {
	return sqlfile.Open(path, readers, url.Values{"mode": {"ro"}, "_pragma": {
		fmt.Sprintf("busy_timeout(%d)", patience.Milliseconds()), "query_only(ON)", "trusted_schema(OFF)", "cell_size_check(ON)", "cache_size(-4000)",
	}})
}

// lock makes this process the one writer until the file is closed. A file of its
// own, because closing any descriptor of the archive itself would drop SQLite's
// locks on it (fcntl(2)). It stays behind, for removing it is a race.
func lock(path string) (*os.File, error) {
	f, err := os.OpenFile(path+".lock", os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		return nil, fmt.Errorf("locking: %w", explain(err))
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = fmt.Errorf("%w; stop that one first, or give this one a file of its own", ErrLocked)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// ensure makes a new archive where none is. It appears whole or not at all: made
// beside its place, brought to disk, and renamed. The caller holds the lock.
func ensure(ctx context.Context, path string, states *state.Table) (created bool, err error) {
	_, err = os.Stat(path)
	if err == nil {
		return false, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return false, explain(err)
	}
	if _, err := os.Stat(path + "-wal"); err == nil {
		return false, fmt.Errorf("%w but its write-ahead log %s-wal; put the archive back beside it, or move the log aside", ErrMissing, path)
	}
	fresh := path + ".new"
	if err := sqlfile.Create(fresh, connectWriter, func(db *sql.DB) error { return fill(ctx, db, states) }); err != nil {
		return false, errors.Join(explain(err), sqlfile.Discard(fresh))
	}
	if err := os.Rename(fresh, path); err != nil {
		return false, err
	}
	return true, durable.SyncDir(filepath.Dir(path))
}

func fill(ctx context.Context, db *sql.DB, states *state.Table) error {
	header := fmt.Sprintf("PRAGMA page_size = 8192; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA application_id = %d; PRAGMA user_version = %d;",
		applicationID, schemaVersion)
	if _, err := db.ExecContext(ctx, header+schema+views(states)); err != nil {
		return fmt.Errorf("making the tables: %w", err)
	}
	for name, value := range map[string]any{
		"epoch": uuid.NewString(), "newest": 0, "base": 0, "bytes": 0, "index": indexVersion, "rebuilt": 0, "states": states.Version(),
	} {
		if _, err := db.ExecContext(ctx, "INSERT INTO meta VALUES (?, ?)", name, value); err != nil {
			return fmt.Errorf("writing %s: %w", name, err)
		}
	}
	_, err := db.ExecContext(ctx, "PRAGMA journal_mode = WAL")
	return err
}

// checkFile says whether path can be an archive at all.
func checkFile(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w; check the path, or start the program that writes it", ErrMissing)
	case err != nil:
		return explain(err)
	case !info.Mode().IsRegular() || info.Size() == 0:
		return fmt.Errorf("%w: it is empty, or no regular file; check the path, or move it aside", ErrForeign)
	}
	return nil
}

// checkVersion says whether an open file is an archive that this program reads.
func checkVersion(ctx context.Context, q querier) error {
	var app, version int
	if err := q.QueryRowContext(ctx, "PRAGMA application_id").Scan(&app); err != nil {
		return explain(err)
	}
	if err := q.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return explain(err)
	}
	switch {
	case app != applicationID || version < 1:
		return fmt.Errorf("%w: its application id is %#x; check the path, or move the file aside", ErrForeign, app)
	case version > schemaVersion:
		return fmt.Errorf("%w: its version is %d, this program knows %d; install the newer program again", ErrNewer, version, schemaVersion)
	case version < schemaVersion:
		return fmt.Errorf("%w: its version is %d, this program's %d; start the program that writes it, which brings it up", ErrOlder, version, schemaVersion)
	}
	return nil
}

// upgrade brings the file of an older version up to this one.
func upgrade(ctx context.Context, db *sql.DB) error {
	err := checkVersion(ctx, db)
	if !errors.Is(err, ErrOlder) {
		return err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return explain(err)
	}
	defer tx.Rollback()
	var version int
	if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return explain(err)
	}
	for v := version; v < schemaVersion; v++ {
		if _, err := tx.ExecContext(ctx, upgrades[v]); err != nil {
			return fmt.Errorf("upgrading it from version %d: %w", v, explain(err))
		}
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", schemaVersion)); err != nil {
		return explain(err)
	}
	return explain(tx.Commit())
}

// A querier is a database or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}
