package archive

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// Bounds on what one question gives.
const (
	maxBatch      = 1000    // messages, gaps, states
	maxBatchBytes = 4 << 20 // after this a batch of messages ends early
)

const defaultTime = 2 * time.Second

// A Reader reads an archive, also one that another process is writing. It is safe
// for concurrent use and never changes the archive.
type Reader struct {
	db     *sql.DB
	path   string
	epoch  string
	limit  time.Duration
	paused atomic.Pointer[chan struct{}] // nil: questions may begin (pause)
	span   Place                         // at which a look into the index of words begins: firstSpan

	mu           sync.Mutex
	sequences    map[int64]Position // Seq is 0
	certificates map[int64][]byte
}

// OpenReader opens an existing archive. Within the process that writes it, use the
// Archive itself.
func OpenReader(ctx context.Context, path string) (*Reader, error) {
	r, err := openReader(ctx, path, 0)
	if err != nil {
		return nil, fmt.Errorf("opening archive %s: %w", path, err)
	}
	return r, nil
}

func openReader(ctx context.Context, path string, limit time.Duration) (*Reader, error) {
	if err := checkFile(path); err != nil {
		return nil, err
	}
	db, err := connectReader(path)
	if err != nil {
		return nil, err
	}
	if limit <= 0 {
		limit = defaultTime
	}
	r := &Reader{db: db, path: path, limit: limit, span: firstSpan, sequences: map[int64]Position{}, certificates: map[int64][]byte{}}
	if err = checkVersion(ctx, db); err == nil {
		var meta metadata
		meta, err = metaOf(ctx, db)
		r.epoch = meta.epoch
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return r, nil
}

// Close frees the reader.
func (r *Reader) Close() error { return r.db.Close() }

// Epoch names the archive's own sequence of arrivals. A new file is a new epoch.
func (r *Reader) Epoch() string { return r.epoch }

// Range is what arrivals are kept: those after base, up to newest.
func (r *Reader) Range(ctx context.Context) (base, newest int64, err error) {
	meta, err := metaOf(ctx, r.db)
	return meta.base, meta.newest, r.fail(err, "reading where it stands")
}

// After gives the messages that arrived after n, oldest first: at most limit, and
// about 4 MiB, but at least one if there is one. Where retention has dropped the
// next ones, it begins with the oldest kept.
func (r *Reader) After(ctx context.Context, n int64, limit int) ([]Message, error) {
	list, err := r.messages(ctx, r.db, "SELECT "+storedColumns+", 0 FROM messages WHERE n > ? ORDER BY n LIMIT ?", n, batch(limit))
	return list, r.fail(err, "reading what came after %d", n)
}

// Numbers gives the messages of a publisher's sequence from number first on, in
// order, copies included: at most limit, and about 4 MiB. Numbers that are not
// there are passed over. A number that was used twice is there twice.
func (r *Reader) Numbers(ctx context.Context, publisher, epoch string, first int64, limit int) ([]Message, error) {
	var id int64
	err := r.db.QueryRowContext(ctx, "SELECT id FROM sequences WHERE publisher = ? AND epoch = ?", publisher, epoch).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, r.fail(err, "looking for %s", publisher)
	}
	list, err := r.messages(ctx, r.db, `SELECT `+storedColumns+`, 0 FROM messages WHERE sequence = ?1 AND seq >= ?2
		UNION ALL SELECT `+storedColumns+`, 1 FROM copies WHERE sequence = ?1 AND seq >= ?2 ORDER BY seq LIMIT ?3`, id, first, batch(limit))
	return list, r.fail(err, "reading messages of %s from %d on", publisher, first)
}

// ByID finds the message with an id; the year in it does not count. Where several
// topics have it, the first that came is given. ErrNotFound is wrapped where it never came, ErrPruned where retention has dropped it.
func (r *Reader) ByID(ctx context.Context, id string) (Message, error) {
	key := keyOf(id)
	var n int64
	err := r.db.QueryRowContext(ctx, "SELECT n FROM ids WHERE uuid = ? ORDER BY n LIMIT 1", key[:]).Scan(&n)
	if err != nil {
		return Message{}, r.fail(err, "looking for %.80q", id)
	}
	list, err := r.messages(ctx, r.db, "SELECT "+storedColumns+", 0 FROM messages WHERE n = ?", n)
	if err == nil && len(list) == 0 {
		err = ErrPruned
	}
	if err != nil {
		return Message{}, r.fail(err, "reading %.80q", id)
	}
	return list[0], nil
}

// messages reads rows of storedColumns and whether they are copies.
func (r *Reader) messages(ctx context.Context, q querier, query string, args ...any) ([]Message, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return r.wholes(ctx, q, rows)
}

// wholes are the messages of rows, which it closes.
func (r *Reader) wholes(ctx context.Context, q querier, rows *sql.Rows) ([]Message, error) {
	defer rows.Close()
	var list []stored
	for size := 0; size < maxBatchBytes && rows.Next(); {
		var s stored
		if err := s.scan(rows, &s.copy); err != nil {
			return nil, err
		}
		list = append(list, s)
		size += len(s.wire)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, err
	}
	messages := make([]Message, 0, len(list))
	for _, s := range list {
		m, err := r.whole(ctx, q, s)
		if err != nil {
			return nil, err
		}
		messages = append(messages, m)
	}
	return messages, nil
}

// whole is the message of a row.
func (r *Reader) whole(ctx context.Context, q querier, s stored) (Message, error) {
	m := Message{N: s.n, Time: time.Unix(s.time, 0).UTC(), Copy: s.copy, Wire: s.wire}
	if s.sequence.Valid {
		p, err := r.sequence(ctx, q, s.sequence.Int64)
		if err != nil {
			return m, err
		}
		m.Publisher, m.Epoch, m.Seq = p.Publisher, p.Epoch, s.seq.Int64
	}
	if s.certificate.Valid {
		text, err := r.certificate(ctx, q, s.certificate.Int64)
		if err != nil {
			return m, err
		}
		if m.Wire, err = join(s.wire, text, s.cut.Int64); err != nil {
			return m, err
		}
	}
	return m, nil
}

func (r *Reader) sequence(ctx context.Context, q querier, id int64) (Position, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p, ok := r.sequences[id]
	if ok {
		return p, nil
	}
	err := q.QueryRowContext(ctx, "SELECT publisher, epoch FROM sequences WHERE id = ?", id).Scan(&p.Publisher, &p.Epoch)
	if err != nil {
		return p, fmt.Errorf("reading sequence %d: %w", id, err)
	}
	if len(r.sequences) >= maxKnown {
		clear(r.sequences)
	}
	r.sequences[id] = p
	return p, nil
}

// maxCertificates is how many are remembered.
const maxCertificates = 1000

func (r *Reader) certificate(ctx context.Context, q querier, id int64) ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	text, ok := r.certificates[id]
	if ok {
		return text, nil
	}
	err := q.QueryRowContext(ctx, "SELECT text FROM certificates WHERE id = ?", id).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		err = fmt.Errorf("%w: %w", ErrCorrupt, errNoCertificate)
	}
	if err != nil {
		return nil, fmt.Errorf("reading certificate %d: %w", id, err)
	}
	if len(r.certificates) >= maxCertificates {
		clear(r.certificates)
	}
	r.certificates[id] = text
	return text, nil
}

func batch(limit int) int {
	if limit <= 0 || limit > maxBatch {
		return maxBatch
	}
	return limit
}

// fail says what was being done when err happened, and what a person can do.
func (r *Reader) fail(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	what := fmt.Sprintf(format, args...)
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("%s: %w: %s", what, ErrNotFound, r.path)
	}
	return fmt.Errorf("%s in archive %s: %w", what, r.path, explain(err))
}
