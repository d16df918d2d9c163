package subscribe

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"busbar/common/durable"
	"busbar/common/sqlfile"
)

// schema is the tables. A position moves forward only: to a later turn, or to a
// higher number of the same one.
var schema = []string{
	`CREATE TABLE IF NOT EXISTS busbar_position (
		id BIGINT PRIMARY KEY,       -- of the stream, in busbar_seen
		signer TEXT NOT NULL,        -- the certificate's name; empty: nothing was verified
		publisher TEXT NOT NULL,
		epoch TEXT NOT NULL,
		endpoint TEXT NOT NULL,      -- where it spoke last
		turn BIGINT NOT NULL,        -- how often its journal was put back
		seq BIGINT NOT NULL,         -- all messages up to here are acknowledged
		ended BIGINT NOT NULL,       -- 1: another epoch followed
		hash TEXT NOT NULL)          -- of message seq`,
	`CREATE TABLE IF NOT EXISTS busbar_seen (
		n BIGINT PRIMARY KEY,        -- in the order in which they were acknowledged
		fact TEXT NOT NULL,          -- digest of id and topic
		stream BIGINT NOT NULL,      -- 0: its publisher counts nothing
		seq BIGINT NOT NULL)`,
}

const (
	putPosition = `INSERT INTO busbar_position (id, signer, publisher, epoch, endpoint, turn, seq, ended, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET endpoint = excluded.endpoint, turn = excluded.turn, seq = excluded.seq, ended = excluded.ended, hash = excluded.hash
		WHERE (excluded.turn, excluded.seq, excluded.ended) > (busbar_position.turn, busbar_position.seq, busbar_position.ended)`
	putSeen  = `INSERT INTO busbar_seen (n, fact, stream, seq) VALUES (?, ?, ?, ?)`
	dropSeen = `DELETE FROM busbar_seen WHERE n <= ?`
)

// together is how many ids are written by one statement.
const together = 100

// A store keeps positions, and the newest ids.
type store struct {
	db       *sql.DB
	own      bool
	postgres bool
}

// A Tx is what Record writes with: a *sql.Tx.
type Tx interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// A row is one position as it is stored.
type row struct {
	id int64
	key
	endpoint string
	place
}

// A seen is one id as it is stored.
type seen struct {
	n           int64
	fact        fact
	stream, seq int64
}

// A batch is what is stored together.
type batch struct {
	rows []row
	seen []seen
	drop int64 // ids up to this one are forgotten
}

func openStore(ctx context.Context, o Options) (*store, error) {
	st := &store{db: o.DB, postgres: o.Postgres}
	if o.File != "" {
		db, err := OpenFile(ctx, o.File)
		if err != nil {
			return nil, err
		}
		return &store{db: db, own: true}, nil
	}
	return st, st.prepare(ctx)
}

func (st *store) prepare(ctx context.Context) error {
	for _, text := range schema {
		if _, err := st.db.ExecContext(ctx, text); err != nil {
			return fmt.Errorf("making the tables of the position: %w", err)
		}
	}
	return nil
}

// fileID marks a file of ours: "BBps".
const fileID = 0x42427073

var errForeign = errors.New("it is not a position of Busbar (check the path)")

// OpenFile opens a file for positions, for this process alone; where there is none, one
// appears whole or not at all. It is for a program that keeps more in it than the
// subscriber does, in tables of its own, in the same transactions (Options.DB). Its
// errors say what a person can do.
func OpenFile(ctx context.Context, path string) (*sql.DB, error) {
	db, err := openFile(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("opening the position %s: %w", path, explain(err))
	}
	return db, nil
}

func openFile(ctx context.Context, path string) (*sql.DB, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = createFile(ctx, path)
	case err == nil && !info.Mode().IsRegular():
		err = errForeign
	case err == nil && info.Size() == 0:
		err = errors.New("it is empty: something cut it; put a copy in its place, or remove it to begin without a position")
	}
	if err != nil {
		return nil, err
	}
	if err := checkHeader(path); err != nil {
		return nil, err
	}
	db, err := connect(path, "rw", "locking_mode(EXCLUSIVE)", "journal_mode(TRUNCATE)", "synchronous(FULL)", "trusted_schema(OFF)", "cell_size_check(ON)")
	if err != nil {
		return nil, err
	}
	// This takes the lock, and keeps it.
	if _, err := db.ExecContext(ctx, "UPDATE busbar_position SET seq = seq WHERE id < 0"); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// checkHeader refuses what is no file of ours before SQLite touches it
// (https://sqlite.org/fileformat2.html, 1.3).
func checkHeader(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	var head [100]byte
	if n, err := io.ReadFull(f, head[:]); n < len(head) || string(head[:16]) != "SQLite format 3\x00" || binary.BigEndian.Uint32(head[68:]) != fileID {
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			return err
		}
		return errForeign
	}
	return nil
}

func createFile(ctx context.Context, path string) error {
	fresh := path + ".new"
	if err := os.Remove(fresh); err != nil && !errors.Is(err, fs.ErrNotExist) { // left by a crash
		return err
	}
	db, err := connect(fresh, "rwc", "synchronous(FULL)")
	if err != nil {
		return err
	}
	err = (&store{db: db}).prepare(ctx)
	if err == nil {
		_, err = db.ExecContext(ctx, fmt.Sprintf("PRAGMA application_id = %d", fileID))
	}
	if err = errors.Join(err, db.Close()); err != nil {
		return errors.Join(err, os.Remove(fresh))
	}
	if err := os.Link(fresh, path); err != nil { // another process may have been faster
		return errors.Join(err, os.Remove(fresh))
	}
	return errors.Join(os.Remove(fresh), durable.SyncDir(filepath.Dir(path)))
}

func connect(path, mode string, pragmas ...string) (*sql.DB, error) {
	return sqlfile.Open(path, 1, url.Values{"mode": {mode}, "_txlock": {"immediate"}, "_pragma": pragmas})
}

// explain says what a person can do.
func explain(err error) error {
	var se *sqlite.Error
	if !errors.As(err, &se) {
		return err
	}
	switch se.Code() & 0xff {
	case lib.SQLITE_NOTADB:
		return fmt.Errorf("%w: %w", errForeign, err)
	case lib.SQLITE_BUSY, lib.SQLITE_LOCKED:
		return fmt.Errorf("another process uses it (each subscriber needs a position of its own): %w", err)
	case lib.SQLITE_CORRUPT:
		return fmt.Errorf("it is damaged: put a copy in its place, or remove it to begin without a position: %w", err)
	}
	return err
}

// load reads the positions, and the newest ids, the oldest first.
func (st *store) load(ctx context.Context, most int) (rows []row, list []seen, err error) {
	q, err := st.db.QueryContext(ctx, "SELECT id, signer, publisher, epoch, endpoint, turn, seq, ended, hash FROM busbar_position ORDER BY id")
	if err != nil {
		return nil, nil, err
	}
	defer q.Close()
	for q.Next() {
		var r row
		var ended int64
		if err := q.Scan(&r.id, &r.signer, &r.publisher, &r.epoch, &r.endpoint, &r.turn, &r.seq, &ended, &r.hash); err != nil {
			return nil, nil, err
		}
		r.ended = ended == 1
		rows = append(rows, r)
	}
	if err := q.Err(); err != nil {
		return nil, nil, err
	}
	q.Close()
	f, err := st.db.QueryContext(ctx, fmt.Sprintf("SELECT n, fact, stream, seq FROM (SELECT n, fact, stream, seq FROM busbar_seen ORDER BY n DESC LIMIT %d) AS newest ORDER BY n", most))
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	for f.Next() {
		var one seen
		var text string
		if err := f.Scan(&one.n, &text, &one.stream, &one.seq); err != nil {
			return nil, nil, err
		}
		if one.fact, err = parseFact(text); err != nil {
			return nil, nil, err
		}
		list = append(list, one)
	}
	return rows, list, f.Err()
}

// save stores a batch in a transaction of its own.
func (st *store) save(ctx context.Context, b batch) error {
	tx, err := st.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := st.write(ctx, tx, b); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

func (st *store) write(ctx context.Context, tx Tx, b batch) error {
	for _, r := range b.rows {
		ended := 0
		if r.ended {
			ended = 1
		}
		if _, err := tx.ExecContext(ctx, st.dialect(putPosition), r.id, r.signer, r.publisher, r.epoch, r.endpoint, r.turn, r.seq, ended, r.hash); err != nil {
			return err
		}
	}
	for part := range slices.Chunk(b.seen, together) {
		args := make([]any, 0, 4*len(part))
		for _, one := range part {
			args = append(args, one.n, one.fact.String(), one.stream, one.seq)
		}
		if _, err := tx.ExecContext(ctx, st.dialect(putSeen+strings.Repeat(", (?, ?, ?, ?)", len(part)-1)), args...); err != nil {
			return err
		}
	}
	if b.drop > 0 {
		if _, err := tx.ExecContext(ctx, st.dialect(dropSeen), b.drop); err != nil {
			return err
		}
	}
	return nil
}

// dialect numbers the parameters where the database wants that.
func (st *store) dialect(text string) string {
	if !st.postgres {
		return text
	}
	var b strings.Builder
	n := 0
	for part := range strings.SplitSeq(text, "?") {
		if n > 0 {
			fmt.Fprintf(&b, "$%d", n)
		}
		b.WriteString(part)
		n++
	}
	return b.String()
}

func (st *store) close() error {
	if !st.own {
		return nil
	}
	return st.db.Close()
}
