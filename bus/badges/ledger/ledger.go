// Package ledger keeps what badges people earned, and what that is made of, in one SQLite
// file, with the position in the archive: what messages say, the awards that follow and
// the position behind them are stored in one transaction.
//
// What is kept is the same whatever the order in which messages come, and however often:
// of each thing that counts once (rule.Fact.Unit) the earliest message that says it, by
// the time when it happened and then by id. So an award, too, is of the message that
// earned it in that order, and moves when an earlier one comes late.
//
// One process writes it (Open); others look meanwhile (OpenBeside).
package ledger

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

	"busbar/bus/badges/rule"
	"busbar/common/durable"
	"busbar/common/sqlfile"
)

// A Ledger is such a file.
type Ledger struct {
	*Reader
	path   string
	lock   *os.File
	prefix string
	set    rule.Set
	badges []*held
	people map[string]*known
	hidden map[string]hidden
}

// A Reader looks at such a file. What it gives has nobody who opted out in it.
type Reader struct{ db *sql.DB }

// A held badge is one with its number in the file, and how far it has read.
type held struct {
	*rule.Badge
	id       int64
	position Position
}

// A Position is how far an archive was read: arrivals, and rows of copies.
type Position struct{ N, Copies int64 }

// applicationID marks our files in SQLite's header (PRAGMA application_id): "BusB".
const applicationID = 0x42757342

// Times are Unix seconds, and ids those of messages.
const schema = `
	CREATE TABLE IF NOT EXISTS badges (
		id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,
		print TEXT NOT NULL,      -- of what decides (rule.Badge.Print)
		text TEXT NOT NULL,       -- the rule, in JSON
		active INTEGER NOT NULL,  -- 0: no file has it any more
		n INTEGER NOT NULL, copies INTEGER NOT NULL) STRICT;
	CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
	CREATE TABLE IF NOT EXISTS optout (key TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
	-- The name is that of the newest message.
	CREATE TABLE IF NOT EXISTS people (
		id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, name TEXT NOT NULL, at INTEGER NOT NULL, msg TEXT NOT NULL) STRICT;
	CREATE VIEW IF NOT EXISTS shown AS SELECT id, key, name FROM people WHERE key NOT IN (SELECT key FROM optout);
	-- Steps of chains. person 0: whoever did it.
	CREATE TABLE IF NOT EXISTS steps (
		badge INTEGER NOT NULL, thing TEXT NOT NULL, at INTEGER NOT NULL, msg TEXT NOT NULL, part INTEGER NOT NULL, person INTEGER NOT NULL,
		PRIMARY KEY (badge, thing, at, msg, part, person)) STRICT, WITHOUT ROWID;
	-- Who was first. person 0: somebody who opted out.
	CREATE TABLE IF NOT EXISTS firsts (
		badge INTEGER NOT NULL, thing TEXT NOT NULL, at INTEGER NOT NULL, msg TEXT NOT NULL, person INTEGER NOT NULL,
		PRIMARY KEY (badge, thing)) STRICT, WITHOUT ROWID;
	-- What counts once for a person: the earliest, as many as the highest level needs. Of
	-- a streak the unit is the number of a day or week.
	CREATE TABLE IF NOT EXISTS units (
		badge INTEGER NOT NULL, person INTEGER NOT NULL, unit ANY NOT NULL, at INTEGER NOT NULL, msg TEXT NOT NULL,
		PRIMARY KEY (badge, person, unit)) STRICT, WITHOUT ROWID;
	CREATE INDEX IF NOT EXISTS units_at ON units (badge, person, at);
	-- How many units somebody has, and the last of them.
	CREATE TABLE IF NOT EXISTS tallies (
		badge INTEGER NOT NULL, person INTEGER NOT NULL, n INTEGER NOT NULL, at INTEGER NOT NULL, msg TEXT NOT NULL,
		PRIMARY KEY (badge, person)) STRICT, WITHOUT ROWID;
	CREATE TABLE IF NOT EXISTS awards (
		badge INTEGER NOT NULL, level INTEGER NOT NULL, person INTEGER NOT NULL,
		at INTEGER NOT NULL, msg TEXT NOT NULL, said INTEGER NOT NULL, -- on the bus
		PRIMARY KEY (badge, level, person)) STRICT, WITHOUT ROWID;
	CREATE INDEX IF NOT EXISTS awards_person ON awards (person);
	CREATE INDEX IF NOT EXISTS awards_unsaid ON awards (badge) WHERE said = 0;
	CREATE INDEX IF NOT EXISTS awards_at ON awards (at);`

// tables are those that have rows of a badge.
var tables = []string{"steps", "firsts", "units", "tallies", "awards"}

// ErrInUse says that another process writes the file.
var ErrInUse = errors.New("another bus badges has it")

// Open opens the file for writing, alone. One that is not there is made.
func Open(ctx context.Context, path string) (*Ledger, error) {
	l := &Ledger{path: path}
	if err := l.open(ctx); err != nil {
		return nil, fmt.Errorf("opening the badges' file %s: %w", path, errors.Join(err, l.Close()))
	}
	return l, nil
}

func (l *Ledger) open(ctx context.Context) error {
	if err := durable.MkdirAll(filepath.Dir(l.path), 0o750); err != nil {
		return err
	}
	var err error
	if l.lock, err = os.OpenFile(l.path+".lock", os.O_RDWR|os.O_CREATE, 0o640); err != nil {
		return err
	}
	if err := syscall.Flock(int(l.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); errors.Is(err, syscall.EWOULDBLOCK) {
		return ErrInUse
	} else if err != nil {
		return err
	}
	db, err := connect(l.path, "rwc")
	if err != nil {
		return err
	}
	l.Reader = &Reader{db}
	var id int64
	if err := db.QueryRowContext(ctx, "PRAGMA application_id").Scan(&id); err != nil {
		return err
	}
	if id != 0 && id != applicationID {
		return errors.New("it is another program's file")
	}
	if _, err := db.ExecContext(ctx, schema+fmt.Sprintf("PRAGMA application_id = %d;", applicationID)); err != nil {
		return err
	}
	return durable.SyncDir(filepath.Dir(l.path))
}

// still is the mode ro for a file that nobody writes.
const still = "immutable"

func connect(path, mode string) (*sql.DB, error) {
	query := url.Values{"mode": {mode}, "_txlock": {"immediate"}}
	if mode == still {
		mode = "ro"
		query["mode"], query["immutable"] = []string{mode}, []string{"1"}
	}
	pragmas := []string{"busy_timeout(20000)", "trusted_schema(OFF)", "cache_size(-16384)"}
	if mode != "ro" {
		pragmas = append(pragmas, "journal_mode(WAL)", "synchronous(FULL)", "secure_delete(ON)")
	}
	query["_pragma"] = pragmas
	return sqlfile.Open(path, 4, query)
}

// OpenBeside opens a file that is there, while another process may write it.
func OpenBeside(ctx context.Context, path string) (*Reader, error) {
	return openReader(ctx, path, "rw")
}

// OpenReader is OpenBeside for who must not write.
func OpenReader(ctx context.Context, path string) (*Reader, error) {
	return openReader(ctx, path, "ro")
}

func openReader(ctx context.Context, path, mode string) (*Reader, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = fmt.Errorf("%w (bus badges run makes it; see [badges] file)", err)
	case err == nil && info.Size() == 0:
		err = errors.New("it is empty")
	}
	var r *Reader
	if err == nil {
		r, err = probe(ctx, path, mode)
		if _, log := os.Stat(path + "-wal"); err != nil && mode == "ro" && errors.Is(log, fs.ErrNotExist) {
			// Who may not write the folder cannot make the files beside it, which readers
			// need while there is a writer; now there is none.
			r, err = probe(ctx, path, still)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("opening the badges' file %s: %w", path, err)
	}
	return r, nil
}

func probe(ctx context.Context, path, mode string) (*Reader, error) {
	db, err := connect(path, mode)
	if err != nil {
		return nil, err
	}
	if _, err := db.ExecContext(ctx, "SELECT 1 FROM awards LIMIT 1"); err != nil {
		return nil, errors.Join(fmt.Errorf("it is none of ours: %w", err), db.Close())
	}
	return &Reader{db}, nil
}

// Close ends all use of it.
func (r *Reader) Close() error { return r.db.Close() }

// Close ends all use of the file.
func (l *Ledger) Close() error {
	var errs []error
	if l.Reader != nil {
		errs = append(errs, l.Reader.Close())
	}
	if l.lock != nil {
		errs = append(errs, l.lock.Close())
	}
	return errors.Join(errs...)
}

func write(ctx context.Context, db *sql.DB, do func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}
