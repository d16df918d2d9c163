package archive

import (
	"context"
	"fmt"
	"time"
)

// A Sequence is what the archive holds of one.
type Sequence struct {
	Publisher, Epoch string
	Head             int64 // the highest number that came
	Base             int64 // the highest that retention dropped
}

// maxSequences bounds how many are listed.
const maxSequences = 100_000

// Sequences lists all that ever came, in the order in which they began.
func (r *Reader) Sequences(ctx context.Context) ([]Sequence, error) {
	list, err := sequencesOf(ctx, r.db)
	return list, r.fail(err, "listing the sequences")
}

func sequencesOf(ctx context.Context, q querier) ([]Sequence, error) {
	return collect(ctx, q, func(scan func(...any) error, s *Sequence) error {
		return scan(&s.Publisher, &s.Epoch, &s.Head, &s.Base)
	}, "SELECT publisher, epoch, head, base FROM sequences ORDER BY id LIMIT ?", maxSequences)
}

// Positions are how far the feeders of the archive have come, as they said with
// Append.
func (r *Reader) Positions(ctx context.Context) ([]Position, error) {
	list, err := collect(ctx, r.db, scanPosition,
		"SELECT publisher, epoch, seq FROM positions ORDER BY publisher, epoch LIMIT ?", maxSequences)
	return list, r.fail(err, "reading the positions")
}

func scanPosition(scan func(...any) error, p *Position) error {
	return scan(&p.Publisher, &p.Epoch, &p.Seq)
}

// Gaps gives the gaps with an arrival number after n, up to until: at most 1000,
// oldest first.
func (r *Reader) Gaps(ctx context.Context, n, until int64) ([]Gap, error) {
	list, err := collect(ctx, r.db, scanGap, "SELECT n, publisher, epoch, first, last, reason, time FROM gaps WHERE n > ? AND n <= ? ORDER BY n LIMIT ?", n, until, maxBatch)
	return list, r.fail(err, "reading the gaps")
}

// GapsOf gives the gaps of a sequence behind the number seq, in order of numbers: at
// most 1000.
func (r *Reader) GapsOf(ctx context.Context, p Position) ([]Gap, error) {
	list, err := collect(ctx, r.db, scanGap, `SELECT n, publisher, epoch, first, last, reason, time FROM gaps
		WHERE publisher = ? AND epoch = ? AND first > ? ORDER BY first LIMIT ?`, p.Publisher, p.Epoch, p.Seq, maxBatch)
	return list, r.fail(err, "reading the gaps of %s", p.Publisher)
}

// LastGaps gives the newest gaps, at most limit, newest first.
func (r *Reader) LastGaps(ctx context.Context, limit int) ([]Gap, error) {
	list, err := collect(ctx, r.db, scanGap, "SELECT n, publisher, epoch, first, last, reason, time FROM gaps ORDER BY n DESC LIMIT ?", batch(limit))
	return list, r.fail(err, "reading the newest gaps")
}

func scanGap(scan func(...any) error, g *Gap) error {
	var unix int64
	err := scan(&g.N, &g.Publisher, &g.Epoch, &g.First, &g.Last, &g.Reason, &unix)
	g.Time = time.Unix(unix, 0).UTC()
	return err
}

// Begin is the first arrival of a sequence with a number above seq: reading goes on
// after the arrival before it. It is 0 where none came.
func (r *Reader) Begin(ctx context.Context, p Position) (int64, error) {
	var n int64
	err := r.db.QueryRowContext(ctx, `SELECT coalesce((SELECT m.n FROM messages m, sequences s
		WHERE s.publisher = ? AND s.epoch = ? AND m.sequence = s.id AND m.seq > ? ORDER BY m.seq LIMIT 1), 0)`,
		p.Publisher, p.Epoch, p.Seq).Scan(&n)
	return n, r.fail(err, "looking for what follows %d of %s", p.Seq, p.Publisher)
}

// Since is the arrival before the first one of a message of time t or later; the
// newest of all where there is none.
func (r *Reader) Since(ctx context.Context, t time.Time) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, r.limit)
	defer cancel()
	var n int64
	err := r.db.QueryRowContext(ctx, `SELECT coalesce(
		(SELECT min(id & ?) - 1 FROM words_docsize WHERE id >= ?),
		(SELECT value FROM meta WHERE name = 'newest'))`, maxArrival, int64(placeOf(t.Unix(), 0))).Scan(&n)
	return n, r.fail(err, "looking for the first message since %s", t.UTC().Format(time.RFC3339))
}

// collect reads all rows of a query.
func collect[T any](ctx context.Context, q querier, scan func(scan func(...any) error, into *T) error, query string, args ...any) ([]T, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []T
	for rows.Next() {
		var one T
		if err := scan(rows.Scan, &one); err != nil {
			return nil, fmt.Errorf("reading a row: %w", err)
		}
		list = append(list, one)
	}
	return list, rows.Err()
}
