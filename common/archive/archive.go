package archive

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"busbar/common/state"
)

// Options say how an archive is opened.
type Options struct {
	Path      string
	Retention Retention
	// Time is how long one question may take; 0 stands for 2 seconds.
	Time time.Duration
	// States are what the newest states of things are made of; nil: none are kept. An
	// archive whose states others made gets them again when it is opened.
	States *state.Table
	// Making is called now and then while Open makes derived tables again: they are made up
	// to arrival at, of newest. Nil: nobody asks.
	Making func(at, newest int64)
	Now    func() time.Time // nil: time.Now
	Log    *slog.Logger     // nil: none
}

// An Archive is the one writer of an archive's file. It is safe for concurrent use.
type Archive struct {
	*Reader // reads what is on disk
	o       Options
	lock    *os.File

	// Of whoever writes.
	writing sync.Mutex
	db      *sql.DB
	extent  extent
	known   known
	closed  bool
	log     logWatch

	statements statements
	partial    error // why a Rebuild ended early: until the next Open nothing is stored

	mu      sync.Mutex
	changed chan struct{}
}

// An extent is where the archive stands.
type extent struct{ newest, base, bytes int64 }

// Open opens the archive for writing, or makes a new one where nothing is. Where
// its derived tables were made by other rules, it makes them again first, which
// may take minutes.
func Open(ctx context.Context, o Options) (*Archive, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	a := &Archive{o: o, changed: make(chan struct{})}
	if err := a.open(ctx); err != nil {
		return nil, fmt.Errorf("opening archive %s: %w", o.Path, errors.Join(err, a.release()))
	}
	return a, nil
}

func (a *Archive) open(ctx context.Context) (err error) {
	if a.lock, err = lock(a.o.Path); err != nil {
		return err
	}
	created, err := ensure(ctx, a.o.Path, a.o.States)
	if err != nil {
		return fmt.Errorf("making a new one: %w", explain(err))
	}
	if err := checkFile(a.o.Path); err != nil {
		return err
	}
	if a.db, err = connectWriter(a.o.Path); err != nil {
		return err
	}
	if err := upgrade(ctx, a.db); err != nil {
		return err
	}
	// A copy (VACUUM INTO, a backup) is no longer in this mode.
	if _, err := a.db.ExecContext(ctx, "PRAGMA journal_mode = WAL"); err != nil {
		return explain(err)
	}
	meta, err := metaOf(ctx, a.db)
	if err != nil {
		return err
	}
	a.extent = meta.extent
	if meta.index != indexVersion || meta.states != a.o.States.Version() {
		a.o.Log.Info("making the archive's indices again", "path", a.o.Path, "messages", meta.newest-meta.base)
		if err := a.rebuild(ctx, meta.index == -indexVersion && meta.states == a.o.States.Version()); err != nil {
			return err
		}
	}
	if a.Reader, err = openReader(ctx, a.o.Path, a.o.Time); err != nil {
		return err
	}
	if created {
		a.o.Log.Info("new archive", "path", a.o.Path, "epoch", a.epoch)
	}
	return nil
}

// DB is where a feeder of the archive may keep tables of its own, so that its
// positions are stored with the messages (Batch.Record), and a copy of the file that
// is put back has the positions that belong to it. It has one connection.
func (a *Archive) DB() *sql.DB { return a.db }

// Changed is closed when something was stored. Take it before reading, so that
// nothing is missed.
func (a *Archive) Changed() <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.changed
}

func (a *Archive) advance() {
	a.mu.Lock()
	defer a.mu.Unlock()
	close(a.changed)
	a.changed = make(chan struct{})
}

// Close ends the archive; what reads from it fails from then on.
func (a *Archive) Close() error {
	a.writing.Lock()
	defer a.writing.Unlock()
	if a.closed {
		return nil
	}
	a.closed = true
	if err := a.release(); err != nil {
		return fmt.Errorf("closing archive %s: %w", a.o.Path, err)
	}
	return nil
}

func (a *Archive) release() error {
	var errs []error
	if a.Reader != nil { // first: the last to close tidies the log, and must be able to write
		errs = append(errs, a.Reader.Close())
	}
	if a.db != nil {
		errs = append(errs, a.db.Close())
	}
	if a.lock != nil {
		errs = append(errs, a.lock.Close())
	}
	return errors.Join(errs...)
}

// A metadata is the table meta.
type metadata struct {
	extent
	epoch, states  string
	index, rebuilt int64
}

func metaOf(ctx context.Context, q querier) (m metadata, err error) {
	rows, err := q.QueryContext(ctx, "SELECT name, value FROM meta")
	if err != nil {
		return m, explain(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var value any
		if err := rows.Scan(&name, &value); err != nil {
			return m, explain(err)
		}
		number, _ := value.(int64)
		switch name {
		case "epoch":
			m.epoch, _ = value.(string)
		case "states":
			m.states, _ = value.(string)
		case "newest":
			m.newest = number
		case "base":
			m.base = number
		case "bytes":
			m.bytes = number
		case "index":
			m.index = number
		case "rebuilt":
			m.rebuilt = number
		}
	}
	if m.epoch == "" && rows.Err() == nil {
		return m, fmt.Errorf("%w: it does not say what it is", ErrCorrupt)
	}
	return m, explain(rows.Err())
}

// A transaction runs statements until one fails. Those of run and get are short.
type transaction struct {
	ctx context.Context
	// short is for statements that need not be interrupted: looking out for that takes
	// longer than they do.
	short context.Context
	tx    *sql.Tx
	err   error
	// prepared are the transaction's statements by their text.
	prepared map[string]*sql.Stmt
	kept     *statements
}

func (t *transaction) stmt(query string) *sql.Stmt {
	if t.err == nil {
		t.err = t.ctx.Err()
	}
	s := t.prepared[query]
	if s != nil || t.err != nil {
		return s
	}
	if s = t.kept.find(query); s != nil {
		s = t.tx.StmtContext(t.ctx, s)
	} else if s, t.err = t.tx.PrepareContext(t.ctx, query); t.err != nil {
		return nil
	}
	t.prepared[query] = s
	return s
}

// run gives how many rows were changed.
func (t *transaction) run(query string, args ...any) int64 {
	s := t.stmt(query)
	if t.err != nil {
		return 0
	}
	var result sql.Result
	if result, t.err = s.ExecContext(t.short, args...); t.err != nil {
		return 0
	}
	var n int64
	n, t.err = result.RowsAffected()
	return n
}

// get reads one row, and says whether there is one.
func (t *transaction) get(query string, args []any, into ...any) bool {
	s := t.stmt(query)
	if t.err != nil {
		return false
	}
	err := s.QueryRowContext(t.short, args...).Scan(into...)
	if errors.Is(err, sql.ErrNoRows) {
		return false
	}
	t.err = err
	return err == nil
}

// long runs one that may take minutes.
func (t *transaction) long(query string, args ...any) {
	if t.err == nil {
		_, t.err = t.tx.ExecContext(t.ctx, query, args...)
	}
}

func (t *transaction) meta(name string, value int64) {
	t.run("UPDATE meta SET value = ? WHERE name = ?", value, name)
}

// transact runs what and commits. The caller holds writing.
func (a *Archive) transact(ctx context.Context, what func(*transaction)) error {
	if a.closed {
		return ErrClosed
	}
	if a.partial != nil {
		return fmt.Errorf("its indices are not whole: open it again: %w", a.partial)
	}
	a.statements.prepare(ctx, a.db)
	tx, err := a.db.BeginTx(ctx, nil)
	if err != nil {
		return explain(err)
	}
	t := &transaction{ctx: ctx, short: context.WithoutCancel(ctx), tx: tx, prepared: map[string]*sql.Stmt{}, kept: &a.statements}
	what(t)
	if t.err != nil {
		a.known = known{} // it may hold what was not stored
		return explain(errors.Join(t.err, tx.Rollback()))
	}
	if err := tx.Commit(); err != nil {
		a.known = known{}
		// A commit that failed may leave its transaction open, and database/sql has
		// let go of it.
		_, _ = a.db.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
		return explain(err)
	}
	a.shorten(ctx)
	return nil
}
