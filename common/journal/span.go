package journal

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// Span gives the numbers of the oldest and the newest message that is kept. In a
// new journal it is 1 and 0; where retention has dropped all up to n, n+1 and n.
func (r *Reader) Span(ctx context.Context) (oldest, newest int64, err error) {
	err = r.db.QueryRowContext(ctx, "SELECT b.value + 1, h.value FROM meta b, meta h WHERE b.name = 'base_seq' AND h.name = 'head_seq'").
		Scan(&oldest, &newest)
	return oldest, newest, r.fail(err, "reading which messages are kept")
}

// Each hands out the messages from one number to another, ascending, as far as they
// are kept, until yield returns false. The text of a message is valid during the
// call alone. One that takes long holds up the journal's log: read in parts.
func (r *Reader) Each(ctx context.Context, from, to int64, yield func(seq int64, topic string, wire []byte) bool) error {
	rows, err := r.db.QueryContext(ctx, "SELECT seq, topic, wire FROM messages WHERE seq BETWEEN ? AND ? ORDER BY seq", from, to)
	if err != nil {
		return r.fail(err, "reading messages %d to %d", from, to)
	}
	defer rows.Close()
	for rows.Next() {
		var seq int64
		var topic string
		var wire sql.RawBytes
		if err := rows.Scan(&seq, &topic, &wire); err != nil {
			return r.fail(err, "reading messages %d to %d", from, to)
		}
		if !yield(seq, topic, wire) {
			return nil
		}
	}
	return r.fail(rows.Err(), "reading messages %d to %d", from, to)
}

// Since is the number of the first message that was taken at a time or later, and
// one more than the newest where there is none. Times are whole seconds. Where the
// clock was set back they do not ascend, and any number may come out at which they
// pass that time.
func (r *Reader) Since(ctx context.Context, t time.Time) (int64, error) {
	first, newest, err := r.Span(ctx)
	if err != nil {
		return 0, err
	}
	for end := newest + 1; first < end; {
		middle := first + (end-first)/2
		var seq, unix int64
		err := r.db.QueryRowContext(ctx, "SELECT seq, time FROM messages WHERE seq >= ? ORDER BY seq LIMIT 1", middle).Scan(&seq, &unix)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			end = middle
		case err != nil:
			return 0, r.fail(err, "looking for the first message since %s", t)
		case unix < t.Unix():
			first = seq + 1
		default:
			end = middle
		}
	}
	return first, nil
}
