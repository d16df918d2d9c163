package forward

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"busbar/common/backoff"
	"busbar/common/journal"
	"busbar/common/subscribe"
)

// A source is where messages come from: a subscribe.Subscriber.
type source interface {
	Next(context.Context) (*subscribe.Message, error)
	Record(context.Context, subscribe.Tx, ...*subscribe.Message) error
	Ack(context.Context, ...*subscribe.Message) error
}

// A store is what a subscriber hands out, in the form of a journal that is emptied
// (drain.Store, drain.Bookmarker): messages have numbers in the order in which they came
// here, and the cursor is the position. What is moved on together goes into the file
// in one transaction: the subscriber's positions, the cursor, and the sink's bookmark.
type store struct {
	source source
	db     *sql.DB
	takes  func(*subscribe.Message) bool
	most   int // bytes that may wait
	log    *slog.Logger

	mu       sync.Mutex
	last     int64 // the number given last
	stored   int64 // the cursor in the file
	cursor   int64 // and as it is to be
	bookmark string
	waiting  []waiting // behind stored, in the order in which they came
	bytes    int
	err      error // why the file cannot be written now
	since    time.Time
	// Of Changed: closed when there is something new; nil: nobody has asked.
	changed chan struct{}
	wake    chan struct{} // there is something to be stored
	room    chan struct{} // something waits no longer

	passed, gaps int64
}

// A waiting message was handed out here and is not acknowledged.
type waiting struct {
	m *subscribe.Message
	n int64 // its number; of one that is passed over, that of the one before it
	// pass says that it is not forwarded.
	pass bool
}

const (
	// maxWaiting bounds in number and bytes what is read ahead and not acknowledged.
	maxWaiting = 8192
	maxBytes   = 48 << 20
)

const tables = `
	CREATE TABLE IF NOT EXISTS forward_cursor (
		sink TEXT PRIMARY KEY,
		seq INTEGER NOT NULL,   -- the number of the last message that the far side has
		bookmark TEXT NOT NULL);    -- what the far side calls that place
	CREATE TABLE IF NOT EXISTS forward_missed (
		sink TEXT NOT NULL,
		first INTEGER NOT NULL,
		last INTEGER NOT NULL,
		reason TEXT NOT NULL,
		time INTEGER NOT NULL,  -- when that was noticed, seconds since 1970
		id TEXT NOT NULL,
		topic TEXT NOT NULL,
		wire BLOB,              -- NULL: too much is kept already
		PRIMARY KEY (sink, first));`

func newStore(ctx context.Context, s source, db *sql.DB, takes func(*subscribe.Message) bool, log *slog.Logger) (*store, error) {
	if _, err := db.ExecContext(ctx, tables); err != nil {
		return nil, fmt.Errorf("making the tables of the position: %w", err)
	}
	st := &store{source: s, db: db, takes: takes, most: maxBytes, log: log, wake: make(chan struct{}, 1), room: make(chan struct{}, 1)}
	err := db.QueryRowContext(ctx, "SELECT seq, bookmark FROM forward_cursor WHERE sink = ?", sinkName).Scan(&st.cursor, &st.bookmark)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("reading the position: %w", err)
	}
	st.last, st.stored = st.cursor, st.cursor
	return st, nil
}

// sinkName is that of the one sink; the tables have room for more.
const sinkName = "forward"

// OpenSink gives the cursor. Where to begin without one the subscriber knows.
func (s *store) OpenSink(context.Context, string, journal.Begin) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cursor, nil
}

// Bookmark is for the sink.
func (s *store) Bookmark(context.Context, string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bookmark, nil
}

// take takes what the subscriber hands out, until ctx ends.
func (s *store) take(ctx context.Context) error {
	for {
		if !s.hasRoom(ctx) {
			return ctx.Err()
		}
		m, err := s.source.Next(ctx)
		if err != nil {
			return err
		}
		pass := m.Gap != nil || !s.takes(m)
		m.Tree, m.Envelope.Msg = nil, nil // nobody needs them any more
		s.mu.Lock()
		if !pass {
			s.last++
		} else if m.Gap == nil {
			s.passed++
		} else {
			s.gaps++
		}
		s.waiting = append(s.waiting, waiting{m, s.last, pass})
		s.bytes += cost(m)
		if !pass && s.changed != nil {
			close(s.changed)
			s.changed = nil
		}
		if pass {
			s.awake()
		}
		s.mu.Unlock()
	}
}

func cost(m *subscribe.Message) int { return len(m.Body) + len(m.Topic) + 1024 }

// hasRoom waits until more may be taken.
func (s *store) hasRoom(ctx context.Context) bool {
	for {
		s.mu.Lock()
		full := s.bytes >= s.most || len(s.waiting) >= maxWaiting
		s.mu.Unlock()
		if !full {
			return true
		}
		select {
		case <-s.room:
		case <-ctx.Done():
			return false
		}
	}
}

// Changed is closed when there may be more.
func (s *store) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.changed == nil {
		s.changed = make(chan struct{})
	}
	return s.changed
}

const (
	partMessages = 256
	partBytes    = 4 << 20
)

// After is the messages behind a number.
func (s *store) After(ctx context.Context, seq int64, limit int) ([]journal.Message, error) {
	if limit <= 0 || limit > partMessages {
		limit = partMessages
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if seq < s.stored { // only what was refused is asked for again
		s.mu.Unlock()
		defer s.mu.Lock()
		return s.refused(ctx, seq+1)
	}
	var list []journal.Message
	size := 0
	for i := s.behind(seq); i < len(s.waiting) && len(list) < limit && size < partBytes; i++ {
		if w := s.waiting[i]; !w.pass {
			list = append(list, journal.Message{Seq: w.n, ID: w.m.Envelope.MsgID, Topic: w.m.Topic, Time: time.Unix(w.m.Envelope.Timestamp, 0), Wire: w.m.Body})
			size += len(w.m.Body)
		}
	}
	return list, nil
}

// behind is where in waiting the numbers above seq begin.
func (s *store) behind(seq int64) int {
	low, high := 0, len(s.waiting)
	for low < high {
		if half := (low + high) / 2; s.waiting[half].n > seq {
			high = half
		} else {
			low = half + 1
		}
	}
	return low
}

// SetCursor says that the far side has all up to a number. It comes to disk soon.
func (s *store) SetCursor(ctx context.Context, sink string, seq int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cursor = max(s.cursor, seq)
	s.awake()
	return nil
}

// SetBookmark is SetCursor, with the sink's bookmark.
func (s *store) SetBookmark(ctx context.Context, sink string, seq int64, bookmark string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cursor, s.bookmark = max(s.cursor, seq), bookmark
	s.awake()
	return nil
}

func (s *store) awake() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

var saveAgain = backoff.Times{First: 100 * time.Millisecond, Most: 10 * time.Second}

// save stores positions as they move, until ctx ends and all is stored. What moves
// while a transaction runs shares the next one.
func (s *store) save(ctx context.Context) error {
	failures := 0
	for ended := false; ; {
		select {
		case <-s.wake:
		case <-ctx.Done():
			ended = true
		}
		err := s.saveOnce()
		s.noteErr(err)
		if ended {
			return err
		}
		if failures++; err == nil {
			failures = 0
			continue
		}
		select {
		case <-ctx.Done():
		case <-time.After(backoff.Spread(saveAgain.After(failures))):
		}
		s.awake()
	}
}

// savePatience bounds one transaction.
const savePatience = 30 * time.Second

func (s *store) saveOnce() error {
	s.mu.Lock()
	cursor, bookmark, moved := s.cursor, s.bookmark, s.cursor > s.stored
	n := s.behind(cursor)
	list := make([]*subscribe.Message, n)
	for i, w := range s.waiting[:n] {
		list[i] = w.m
	}
	s.mu.Unlock()
	if n == 0 && !moved {
		return nil
	}
	// The end of the program does not end it.
	ctx, cancel := context.WithTimeout(context.Background(), savePatience)
	defer cancel()
	if err := s.write(ctx, cursor, bookmark, list); err != nil {
		return fmt.Errorf("writing the position: %w", err)
	}
	if err := s.source.Ack(ctx, list...); err != nil && !errors.Is(err, subscribe.ErrClosed) {
		return fmt.Errorf("writing the position: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range s.waiting[:n] {
		s.bytes -= cost(w.m)
	}
	clear(s.waiting[:n])
	s.waiting, s.stored = s.waiting[n:], max(s.stored, cursor)
	select {
	case s.room <- struct{}{}:
	default:
	}
	return nil
}

func (s *store) write(ctx context.Context, cursor int64, bookmark string, list []*subscribe.Message) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if len(list) > 0 {
		if err := s.source.Record(ctx, tx, list...); err != nil {
			return errors.Join(err, tx.Rollback())
		}
	}
	_, err = tx.ExecContext(ctx, "INSERT INTO forward_cursor VALUES (?, ?, ?) ON CONFLICT (sink) DO UPDATE SET seq = excluded.seq, bookmark = excluded.bookmark", sinkName, cursor, bookmark)
	if err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

func (s *store) noteErr(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err != nil && s.err == nil:
		s.since = time.Now()
		s.log.Warn("the position cannot be written; trying again", "error", err)
	case err == nil && s.err != nil:
		s.log.Info("the position is written again")
	}
	s.err = err
}

// A storeStatus is how a store is.
type storeStatus struct {
	waiting      int
	passed, gaps int64 // messages that were not wanted, and gaps, since the start
	err          error
	since        time.Time
}

func (s *store) status() storeStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	return storeStatus{len(s.waiting), s.passed, s.gaps, s.err, s.since}
}
