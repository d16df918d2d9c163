package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"time"
)

// A Sink is how far one way out has come.
type Sink struct {
	Name   string
	Cursor int64
	Behind int64     // messages after the cursor
	Since  time.Time // when the journal took the oldest of these; zero: there is none
	Used   time.Time // when it ran last, to about an hour
	Missed int64     // messages that it never got
}

// Missed is what a sink never got.
type Missed struct {
	First, Last int64 // numbers
	Reason      string
	Time        time.Time // when that was noticed
}

// maxMissed is how many rows of missed are kept for one sink.
const maxMissed = 1000

// Cursors is how far each way out has come.
func (r *Reader) Cursors(ctx context.Context) (map[string]int64, error) {
	m, err := pairs[int64](ctx, r.db, "SELECT sink, seq FROM cursors")
	return m, r.fail(err, "reading the cursors")
}

// Sinks are the ways out that the journal knows, by name.
func (r *Reader) Sinks(ctx context.Context) ([]Sink, error) {
	head, err := r.LastSeq(ctx)
	if err != nil {
		return nil, err
	}
	list, err := r.sinks(ctx, head)
	if err != nil {
		return nil, r.fail(err, "reading the sinks")
	}
	for i := range list { // after the rows are closed: each is a query of its own
		var unix int64
		err := r.db.QueryRowContext(ctx, "SELECT time FROM messages WHERE seq > ? ORDER BY seq LIMIT 1", list[i].Cursor).Scan(&unix)
		if err == nil {
			list[i].Since = time.Unix(unix, 0).UTC()
		} else if !errors.Is(err, sql.ErrNoRows) {
			return nil, r.fail(err, "reading what waits for sink %s", list[i].Name)
		}
	}
	return list, nil
}

func (r *Reader) sinks(ctx context.Context, head int64) ([]Sink, error) {
	rows, err := r.db.QueryContext(ctx, `SELECT sink, seq, used,
		(SELECT coalesce(sum(last - first + 1), 0) FROM missed WHERE missed.sink = cursors.sink) FROM cursors ORDER BY sink`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []Sink
	for rows.Next() {
		var s Sink
		var used int64
		if err := rows.Scan(&s.Name, &s.Cursor, &used, &s.Missed); err != nil {
			return nil, err
		}
		s.Used, s.Behind = time.Unix(used, 0).UTC(), max(0, head-s.Cursor)
		list = append(list, s)
	}
	return list, rows.Err()
}

// Missed is what a sink never got, oldest first.
func (r *Reader) Missed(ctx context.Context, sink string) ([]Missed, error) {
	rows, err := r.db.QueryContext(ctx, "SELECT first, last, reason, time FROM missed WHERE sink = ? ORDER BY first", sink)
	if err != nil {
		return nil, r.fail(err, "reading what sink %s missed", sink)
	}
	defer rows.Close()
	var list []Missed
	for rows.Next() {
		var m Missed
		var unix int64
		if err := rows.Scan(&m.First, &m.Last, &m.Reason, &unix); err != nil {
			return nil, r.fail(err, "reading what sink %s missed", sink)
		}
		m.Time = time.Unix(unix, 0).UTC()
		list = append(list, m)
	}
	return list, r.fail(rows.Err(), "reading what sink %s missed", sink)
}

// Missed is the reader's.
func (j *Journal) Missed(ctx context.Context, sink string) ([]Missed, error) {
	return j.reader.Missed(ctx, sink)
}

// Miss stores what a sink never gets, before its cursor passes it. A thousand
// rows of a sink are kept; then the oldest go.
func (j *Journal) Miss(ctx context.Context, sink string, m Missed) error {
	err := j.change(ctx, func(t *transaction) {
		t.run(j.sql.missed, sink, m.First, m.Last, m.Reason, j.o.Now().Unix())
		t.exec("DELETE FROM missed WHERE sink = ?1 AND first <= (SELECT first FROM missed WHERE sink = ?1 ORDER BY first DESC LIMIT 1 OFFSET ?2)", sink, maxMissed)
	})
	if err != nil {
		return fmt.Errorf("storing what sink %s missed in journal %s: %w", sink, j.o.Path, err)
	}
	return nil
}

// Unmiss says that a sink has the messages from first to last after all.
func (j *Journal) Unmiss(ctx context.Context, sink string, first, last int64) error {
	err := j.change(ctx, func(t *transaction) {
		t.exec("DELETE FROM missed WHERE sink = ? AND first >= ? AND last <= ?", sink, first, last)
	})
	if err != nil {
		return fmt.Errorf("storing what sink %s got in journal %s: %w", sink, j.o.Path, err)
	}
	return nil
}

// change runs a transaction of its own in the writer's turn.
func (j *Journal) change(ctx context.Context, what func(*transaction)) error {
	return j.do(ctx, func() error { return explain(j.transact(context.Background(), what)) })
}

func (t *transaction) exec(query string, args ...any) {
	if t.err == nil {
		_, t.err = t.tx.ExecContext(t.ctx, query, args...)
	}
}

const (
	// unusedHolds is for how long retention waits for a sink that no process
	// has any more: somebody may have taken it out by mistake.
	unusedHolds = 7 * 24 * time.Hour
	// unusedKept is for how long its cursor is known, so that what it missed has
	// a name should it come back.
	unusedKept = 365 * 24 * time.Hour
)

// touch notes which sinks are used, and forgets those that long are not.
func (j *Journal) touch(ctx context.Context) error {
	now := j.o.Now()
	j.mu.Lock()
	used := make([]string, 0, len(j.used))
	for sink := range j.used {
		used = append(used, sink)
	}
	j.mu.Unlock()
	return j.transact(ctx, func(t *transaction) {
		for _, sink := range used {
			t.exec("UPDATE cursors SET used = ? WHERE sink = ? AND used < ?", now.Unix(), sink, now.Add(-time.Hour).Unix())
		}
		for _, table := range []string{"missed", "cursors"} {
			t.exec("DELETE FROM "+table+" WHERE sink IN (SELECT sink FROM cursors WHERE used < ?)", now.Add(-unusedKept).Unix())
		}
	})
}

// slowest is the number that every sink has passed for which retention waits, and
// who is there.
func (j *Journal) slowest(ctx context.Context) (int64, string, error) {
	limit, holder := int64(math.MaxInt64), ""
	rows, err := j.db.QueryContext(ctx, "SELECT sink, seq, used FROM cursors")
	if err != nil {
		return 0, "", err
	}
	defer rows.Close()
	since := j.o.Now().Add(-unusedHolds).Unix()
	for rows.Next() {
		var sink string
		var seq, used int64
		if err := rows.Scan(&sink, &seq, &used); err != nil {
			return 0, "", err
		}
		if used >= since && (seq < limit || seq == limit && sink < holder) {
			limit, holder = seq, sink
		}
	}
	return limit, holder, rows.Err()
}
