package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"busbar/common/event"
)

// maxBatchBytes ends a batch of messages early, so that memory stays flat
// however large they are.
const maxBatchBytes = 4 << 20

// defaultBatch is how many messages After gives where no limit is set.
const defaultBatch = 256

// A Message is one row of the journal. Wire is what subscribers get.
type Message struct {
	Seq        int64
	ID, Topic  string
	Time       time.Time // when the journal took it, whole seconds
	Prev, Hash string
	Wire       []byte
}

// A Reader reads a journal, also one that another process is writing. It is
// safe for concurrent use and never changes the journal.
type Reader struct {
	db   *sql.DB
	path string
}

// OpenReader opens an existing journal. Within the process that writes it, use
// Journal.Reader.
func OpenReader(ctx context.Context, path string) (*Reader, error) {
	r, _, err := openChecked(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("opening journal %s: %w", path, err)
	}
	return r, nil
}

// Close frees the reader.
func (r *Reader) Close() error { return r.db.Close() }

// After gives the messages that follow seq, oldest first: at most limit, and
// about 4 MiB, but at least one if there is one. Where retention has dropped
// the next ones, it begins with the oldest kept.
func (r *Reader) After(ctx context.Context, seq int64, limit int) ([]Message, error) {
	if limit <= 0 {
		limit = defaultBatch
	}
	list, err := after(ctx, r.db, seq, limit)
	return list, r.fail(err, "reading messages after %d", seq)
}

func after(ctx context.Context, q querier, seq int64, limit int) ([]Message, error) {
	rows, err := q.QueryContext(ctx, "SELECT seq, id, topic, time, prev, hash, wire FROM messages WHERE seq > ? ORDER BY seq LIMIT ?", seq, limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []Message
	for size := 0; size < maxBatchBytes && rows.Next(); {
		m, err := scanMessage(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, m)
		size += len(m.Wire)
	}
	return list, rows.Err()
}

func scanMessage(row interface{ Scan(...any) error }) (Message, error) {
	var m Message
	var unix int64
	err := row.Scan(&m.Seq, &m.ID, &m.Topic, &unix, &m.Prev, &m.Hash, &m.Wire)
	m.Time = time.Unix(unix, 0).UTC()
	return m, err
}

// ByID finds the message that tells a fact; the year in the id does not count.
// ErrNotFound is wrapped where the journal never held it, ErrPruned where
// retention has dropped it, ErrElsewhere where another publisher told it.
func (r *Reader) ByID(ctx context.Context, id string) (Message, error) {
	seq, err := r.Number(ctx, id)
	if err != nil {
		return Message{}, err
	}
	m, err := r.bySeq(ctx, seq)
	if errors.Is(err, sql.ErrNoRows) {
		return Message{}, fmt.Errorf("looking for %s in journal %s: message %d was %w", id, r.path, seq, ErrPruned)
	}
	return m, r.fail(err, "reading message %d", seq)
}

// Number is the number of the message that tells a fact, also of one that retention
// has dropped; the errors are those of ByID.
func (r *Reader) Number(ctx context.Context, id string) (int64, error) {
	u, err := event.IDUUID(id)
	if err != nil {
		return 0, err
	}
	var seq int64
	err = r.db.QueryRowContext(ctx, "SELECT seq FROM ids WHERE uuid = ?", u[:]).Scan(&seq)
	if err != nil {
		return 0, r.fail(err, "looking for %s", id)
	}
	if seq == 0 {
		return 0, fmt.Errorf("looking for %s in journal %s: %w", id, r.path, ErrElsewhere)
	}
	return seq, nil
}

func (r *Reader) bySeq(ctx context.Context, seq int64) (Message, error) {
	return scanMessage(r.db.QueryRowContext(ctx,
		"SELECT seq, id, topic, time, prev, hash, wire FROM messages WHERE seq = ?", seq))
}

// Last is the newest message, or ErrNotFound in a new journal.
func (r *Reader) Last(ctx context.Context) (Message, error) {
	m, err := scanMessage(r.db.QueryRowContext(ctx,
		"SELECT seq, id, topic, time, prev, hash, wire FROM messages ORDER BY seq DESC LIMIT 1"))
	return m, r.fail(err, "reading the newest message")
}

// LastBeside is the newest message whose topic does not hold a text, or ErrNotFound.
func (r *Reader) LastBeside(ctx context.Context, text string) (Message, error) {
	m, err := scanMessage(r.db.QueryRowContext(ctx,
		"SELECT seq, id, topic, time, prev, hash, wire FROM messages WHERE instr(topic, ?) = 0 ORDER BY seq DESC LIMIT 1", text))
	return m, r.fail(err, "reading the newest message")
}

// LastSeq is the number of the newest message, 0 in a new journal.
func (r *Reader) LastSeq(ctx context.Context) (int64, error) {
	var seq int64
	err := r.db.QueryRowContext(ctx, "SELECT value FROM meta WHERE name = 'head_seq'").Scan(&seq)
	return seq, r.fail(err, "reading the newest number")
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
	return fmt.Errorf("%s in journal %s: %w", what, r.path, explain(err))
}
