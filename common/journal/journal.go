package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"busbar/common/event"
)

// Options say how a journal is opened.
type Options struct {
	Path     string
	Identity Identity
	// Seal signs a message. It is called from several goroutines. Nil: messages
	// go out unsigned.
	Seal      func(m *event.Encoded) error
	Compat    []string // families of old names that are published, too
	Retention Retention
	Poison    PoisonBounds
	Now       func() time.Time // nil: time.Now
	Log       *slog.Logger     // nil: none
}

// A Journal is the one writer of a journal's file. It is safe for concurrent
// use.
type Journal struct {
	o      Options
	lock   *os.File
	db     *sql.DB
	sql    statements
	reader *Reader
	epoch  string

	queue  chan job
	closed chan struct{} // the writer has ended

	gate    sync.RWMutex // held to send on queue
	closing bool

	mu      sync.Mutex
	changed chan struct{}
	cursors map[string]int64 // set and not yet stored
	used    map[string]bool  // sinks that this process has
	head    int64            // newest durable number
	err     error            // why nothing is stored now

	// Of the writer's goroutine alone.
	state  state
	watch  *watch
	damage error // why nothing is stored any more
	// Transactions: all, at the last tick, and in the journal itself.
	stored, ticked, settled int64
	reasons                 map[string]bool // skip reasons that have a counter
}

// Open opens the journal for writing, or makes a new one where nothing is. It
// fails, and changes nothing, if another process writes it (ErrLocked), if it
// is another publisher's (ErrIdentity), or if it is not whole (ErrEmpty,
// ErrForeign, ErrNewer, ErrCorrupt, ErrOrphanWAL).
func Open(ctx context.Context, o Options) (*Journal, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	j := &Journal{
		o: o, queue: make(chan job, maxGroup), closed: make(chan struct{}),
		changed: make(chan struct{}), cursors: map[string]int64{}, used: map[string]bool{},
	}
	if err := j.open(ctx); err != nil {
		return nil, fmt.Errorf("opening journal %s: %w", o.Path, errors.Join(err, j.release()))
	}
	go j.write()
	return j, nil
}

func (j *Journal) open(ctx context.Context) (err error) {
	if err := j.o.Identity.check(); err != nil {
		return err
	}
	if err := dangling(j.o.Path); err != nil {
		return err
	}
	if j.lock, err = lock(real(j.o.Path)); err != nil {
		return err
	}
	restored, err := restore(ctx, j.o.Path)
	if err != nil {
		return err
	}
	if restored {
		j.o.Log.Warn("journal was missing; restored it from the rescued copy", "path", j.o.Path)
	}
	created, err := ensure(ctx, j.o.Path, j.o.Identity)
	if err != nil {
		return fmt.Errorf("making a new one: %w", explain(err))
	}
	from, err := upgrade(ctx, j.o.Path, j.o.Identity)
	if err != nil {
		return err
	}
	if j.reader, j.state, err = openChecked(ctx, j.o.Path); err != nil {
		return err
	}
	if err := j.state.same(j.o.Identity); err != nil {
		return err
	}
	j.state.Identity = j.o.Identity
	j.epoch, j.head = j.state.epoch, j.state.headSeq
	if j.db, err = connectWriter(j.o.Path); err != nil {
		return err
	}
	if err := j.prepare(ctx); err != nil {
		return corrupt(ctx, err)
	}
	if j.watch, err = newWatch(j.o.Path); err != nil {
		return explain(err)
	}
	if from < schemaVersion {
		j.o.Log.Info("journal upgraded", "path", j.o.Path, "from", from, "to", schemaVersion)
	}
	if created {
		j.o.Log.Info("new journal: a new sequence begins", "path", j.o.Path, "epoch", j.state.epoch)
	}
	return nil
}

// prepare readies the writer's connection. Last, it empties the log, so that
// what a crash left behind its end is never mistaken for more (see checkWAL).
func (j *Journal) prepare(ctx context.Context) error {
	if err := j.sql.prepare(ctx, j.db); err != nil {
		return err
	}
	counts, err := pairs[int64](ctx, j.db, "SELECT name, value FROM counters WHERE kind = 'skip'")
	if err != nil {
		return err
	}
	j.reasons = map[string]bool{}
	for name := range counts {
		j.reasons[name] = true
	}
	// A copy (VACUUM INTO, a backup) is no longer in this mode.
	if _, err := j.db.ExecContext(ctx, "PRAGMA journal_mode = WAL"); err != nil {
		return err
	}
	_, err = j.db.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	return err
}

// Reader reads the journal within the writer's process. It ends with the
// journal.
func (j *Journal) Reader() *Reader { return j.reader }

// After is the reader's: a journal is what a way out empties (common/drain).
func (j *Journal) After(ctx context.Context, seq int64, limit int) ([]Message, error) {
	return j.reader.After(ctx, seq, limit)
}

// Epoch names the journal's sequence. A new file is a new epoch.
func (j *Journal) Epoch() string { return j.epoch }

// Changed is closed when there are new messages. Take it before reading, so
// that none is missed.
func (j *Journal) Changed() <-chan struct{} {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.changed
}

// Err is why nothing can be stored now, such as for a full disk, or nil. It
// is over when a record is stored or, where none waits, could be.
func (j *Journal) Err() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.err
}

func (j *Journal) setErr(err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.err = err
}

// Close stores what is queued and ends the journal.
func (j *Journal) Close() error {
	j.gate.Lock()
	again := j.closing
	j.closing = true
	if !again {
		close(j.queue)
	}
	j.gate.Unlock()
	<-j.closed
	if again {
		return nil
	}
	if err := j.release(); err != nil {
		return fmt.Errorf("closing journal %s: %w", j.o.Path, err)
	}
	return nil
}

func (j *Journal) release() error {
	var errs []error
	if j.reader != nil { // first: the last to close tidies the log, and must be able to write
		errs = append(errs, j.reader.Close())
	}
	if j.db != nil {
		errs = append(errs, j.db.Close())
	}
	errs = append(errs, j.watch.close())
	if j.lock != nil {
		errs = append(errs, j.lock.Close())
	}
	return errors.Join(errs...)
}
