// Package outbox keeps what `bus notify` is to say until somebody has it: notes that wait
// for their destination, dead letters, and what still waits in people's boxes
// (bus/notify/plan). All of it is one SQLite file, with the subscriber's positions in it:
// an event, the notes that it makes and the position behind it are stored in one
// transaction, so that a note is made once.
//
// One process writes it as the daemon; others may look, and retry or drop dead letters,
// while it runs.
package outbox

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

	"busbar/common/durable"
	"busbar/common/sqlfile"
)

// An Outbox is such a file.
type Outbox struct {
	db   *sql.DB
	lock *os.File // nil: others may write, too
}

// The states of a note.
const (
	waiting = iota
	sent
	dead
	handed // to its destination, and no answer is stored
)

const schema = `
	CREATE TABLE IF NOT EXISTS notify_boxes (
		id INTEGER PRIMARY KEY,
		person TEXT NOT NULL, way TEXT NOT NULL, address TEXT NOT NULL,
		head TEXT NOT NULL,      -- JSON: when notes were sent lately, and about what
		UNIQUE (person, way, address));
	CREATE TABLE IF NOT EXISTS notify_buckets (
		box INTEGER NOT NULL, key TEXT NOT NULL,
		state TEXT NOT NULL,     -- JSON: when it is due, and what is counted
		PRIMARY KEY (box, key));
	CREATE TABLE IF NOT EXISTS notify_items (
		box INTEGER NOT NULL, key TEXT NOT NULL, n INTEGER NOT NULL,
		item TEXT NOT NULL,      -- JSON
		PRIMARY KEY (box, key, n)) WITHOUT ROWID;
	CREATE TABLE IF NOT EXISTS notify_notes (
		n INTEGER PRIMARY KEY AUTOINCREMENT,
		id TEXT NOT NULL UNIQUE,
		way TEXT NOT NULL, address TEXT NOT NULL, person TEXT NOT NULL,
		kind TEXT NOT NULL, rule TEXT NOT NULL, subject TEXT NOT NULL,
		made INTEGER NOT NULL,   -- these are milliseconds since 1970
		next INTEGER NOT NULL,   -- not tried before
		done INTEGER NOT NULL,   -- when it was accepted, or given up; 0: neither
		state INTEGER NOT NULL,  -- 0 waiting, 1 sent, 2 dead letter, 3 handed over
		attempts INTEGER NOT NULL,
		unsure INTEGER NOT NULL, -- how often nobody knew whether it arrived
		error TEXT NOT NULL,
		note BLOB);              -- JSON; NULL once it was sent
	CREATE INDEX IF NOT EXISTS notify_notes_open ON notify_notes (way, state, n);
	CREATE INDEX IF NOT EXISTS notify_notes_waiting ON notify_notes (way, made) WHERE state IN (0, 3);
	CREATE INDEX IF NOT EXISTS notify_notes_line ON notify_notes (way, address, n) WHERE state = 0;
	CREATE INDEX IF NOT EXISTS notify_notes_next ON notify_notes (way, next) WHERE state = 0;
	CREATE INDEX IF NOT EXISTS notify_notes_sent ON notify_notes (done) WHERE state = 1;
	CREATE INDEX IF NOT EXISTS notify_notes_dead ON notify_notes (n) WHERE state = 2;
	CREATE INDEX IF NOT EXISTS notify_notes_person ON notify_notes (person, n);
	CREATE TABLE IF NOT EXISTS notify_events (
		event TEXT NOT NULL, note INTEGER NOT NULL,
		PRIMARY KEY (event, note)) WITHOUT ROWID;
	CREATE INDEX IF NOT EXISTS notify_events_note ON notify_events (note);
	CREATE TABLE IF NOT EXISTS notify_reports (bug TEXT PRIMARY KEY, who TEXT NOT NULL) WITHOUT ROWID;
	CREATE TABLE IF NOT EXISTS notify_addresses (
		way TEXT NOT NULL, address TEXT NOT NULL,
		failures INTEGER NOT NULL, -- refused for good, in a row
		paused INTEGER NOT NULL,   -- since when nothing is sent there; 0: it is
		reason TEXT NOT NULL,
		PRIMARY KEY (way, address)) WITHOUT ROWID;
	CREATE TABLE IF NOT EXISTS notify_counts (
		way TEXT NOT NULL, what TEXT NOT NULL, n INTEGER NOT NULL,
		PRIMARY KEY (way, what)) WITHOUT ROWID;`

// Open opens the file for the daemon, which is alone in this. A file that is not there is
// made.
func Open(ctx context.Context, path string) (*Outbox, error) {
	o, err := open(ctx, path, true)
	if err != nil {
		return nil, fmt.Errorf("opening the outbox %s: %w", path, err)
	}
	return o, nil
}

// OpenBeside opens a file that is there, while the daemon may run.
func OpenBeside(ctx context.Context, path string) (*Outbox, error) {
	_, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		err = errors.New("there is none (bus notify run makes it; see [notify] outbox)")
	}
	var o *Outbox
	if err == nil {
		o, err = open(ctx, path, false)
	}
	if err != nil {
		return nil, fmt.Errorf("opening the outbox %s: %w", path, err)
	}
	return o, nil
}

// ErrInUse says that another daemon has the file.
var ErrInUse = errors.New("another bus notify has it")

func open(ctx context.Context, path string, alone bool) (*Outbox, error) {
	o := &Outbox{}
	if alone {
		if err := durable.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			return nil, err
		}
		var err error
		if o.lock, err = os.OpenFile(path+".lock", os.O_RDWR|os.O_CREATE, 0o640); err != nil {
			return nil, err
		}
		if err := syscall.Flock(int(o.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
			if errors.Is(err, syscall.EWOULDBLOCK) {
				err = ErrInUse
			}
			return nil, errors.Join(err, o.lock.Close())
		}
	}
	query := url.Values{"mode": {"rw"}, "_txlock": {"immediate"}, "_pragma": {"busy_timeout(20000)", "journal_mode(WAL)", "synchronous(FULL)", "trusted_schema(OFF)", "foreign_keys(OFF)"}}
	if alone {
		query.Set("mode", "rwc")
	}
	db, err := sqlfile.Open(path, 4, query)
	if err == nil {
		if o.db = db; alone {
			_, err = db.ExecContext(ctx, schema+stopSchema+bounceSchema)
		} else {
			_, err = db.ExecContext(ctx, "SELECT 1 FROM notify_notes LIMIT 1")
		}
	}
	if err == nil && alone {
		err = errors.Join(durable.SyncDir(filepath.Dir(path)), o.recover(ctx))
	}
	if err != nil {
		return nil, errors.Join(err, o.Close())
	}
	return o, nil
}

// recover takes back what was handed over when the daemon ended, and says of each that
// nobody knows whether it arrived.
func (o *Outbox) recover(ctx context.Context) error {
	return o.write(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO notify_counts SELECT way, 'unsure', count(*) FROM notify_notes WHERE state = 3 GROUP BY way
			ON CONFLICT DO UPDATE SET n = n + excluded.n`); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "UPDATE notify_notes SET state = 0, unsure = unsure + 1, next = 0 WHERE state = 3")
		return err
	})
}

// DB is the database, for the subscriber's positions.
func (o *Outbox) DB() *sql.DB { return o.db }

// Close ends all use of the file.
func (o *Outbox) Close() error {
	var errs []error
	if o.db != nil {
		errs = append(errs, o.db.Close())
	}
	if o.lock != nil {
		errs = append(errs, o.lock.Close())
	}
	return errors.Join(errs...)
}

// Do changes the file in one transaction: for what others keep in it.
func (o *Outbox) Do(ctx context.Context, change func(*sql.Tx) error) error {
	return o.write(ctx, change)
}

// DropIn deletes, within a transaction, all notes and boxes of a person, and what they
// ended by links. Of one who goes on, what was sent or given up is all that is deleted.
func DropIn(ctx context.Context, tx *sql.Tx, person string, goesOn bool) error {
	which := "person = ?"
	if goesOn {
		which += " AND state IN (1, 2)"
	}
	for _, statement := range []string{"DELETE FROM notify_events WHERE note IN (SELECT n FROM notify_notes WHERE " + which + ")", "DELETE FROM notify_notes WHERE " + which} {
		if _, err := tx.ExecContext(ctx, statement, person); err != nil {
			return err
		}
	}
	if goesOn {
		return nil
	}
	if _, err := tx.ExecContext(ctx, "DELETE FROM notify_stops WHERE person = ?", person); err != nil {
		return err
	}
	return dropBoxes(ctx, tx, person)
}

func dropBoxes(ctx context.Context, tx *sql.Tx, person string) error {
	for _, statement := range []string{
		"DELETE FROM notify_items WHERE box IN (SELECT id FROM notify_boxes WHERE person = ?)",
		"DELETE FROM notify_buckets WHERE box IN (SELECT id FROM notify_boxes WHERE person = ?)",
		"DELETE FROM notify_boxes WHERE person = ?",
	} {
		if _, err := tx.ExecContext(ctx, statement, person); err != nil {
			return err
		}
	}
	return nil
}

func (o *Outbox) write(ctx context.Context, do func(*sql.Tx) error) error {
	tx, err := o.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}
