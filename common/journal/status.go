package journal

import (
	"context"
	"os"
	"time"
)

// Counts is what a status page shows.
type Counts struct {
	Identity          Identity // without Username, which is not kept
	Epoch             string
	Messages          int64 // kept now
	FirstSeq, LastSeq int64 // of the messages kept; both 0 in a new journal
	MessageBytes      int64 // of the messages kept
	FileBytes         int64 // the file and its write-ahead log
	Duplicates        int64 // events dropped because they were known
	Poisoned          int64 // items that wait for a retry
	Skipped           map[string]int64
	Topics            map[string]int64 // by full topic, since the journal was made
}

// Counts reads the counters. It is quick whatever the size of the journal.
func (r *Reader) Counts(ctx context.Context) (Counts, error) {
	s, err := loadState(ctx, r.db)
	if err != nil {
		return Counts{}, r.fail(err, "counting")
	}
	c := Counts{
		Identity: s.Identity, Epoch: s.epoch,
		Messages: s.headSeq - s.baseSeq, LastSeq: s.headSeq, MessageBytes: s.bytes,
		Skipped: map[string]int64{}, Topics: map[string]int64{},
	}
	if c.Messages > 0 {
		c.FirstSeq = s.baseSeq + 1
	}
	for _, suffix := range []string{"", "-wal"} {
		if info, err := os.Stat(r.path + suffix); err == nil {
			c.FileBytes += info.Size()
		}
	}
	if err := r.db.QueryRowContext(ctx, "SELECT count(*) FROM poison").Scan(&c.Poisoned); err != nil {
		return c, r.fail(err, "counting poison")
	}
	return c, r.fail(r.counters(ctx, &c), "counting")
}

func (r *Reader) counters(ctx context.Context, c *Counts) error {
	rows, err := r.db.QueryContext(ctx, "SELECT kind, name, value FROM counters")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var kind, name string
		var value int64
		if err := rows.Scan(&kind, &name, &value); err != nil {
			return err
		}
		switch kind {
		case kindSkip:
			c.Skipped[name] = value
		case kindTopic:
			c.Topics[name] = value
		case kindTotal:
			c.Duplicates = value
		}
	}
	return rows.Err()
}

// Cursors is how far each way out has come.
func (r *Reader) Cursors(ctx context.Context) (map[string]int64, error) {
	m, err := pairs[int64](ctx, r.db, "SELECT sink, seq FROM cursors")
	return m, r.fail(err, "reading the cursors")
}

// Positions is how far each source was read.
func (r *Reader) Positions(ctx context.Context) (map[string][]byte, error) {
	m, err := pairs[[]byte](ctx, r.db, "SELECT source, value FROM positions")
	return m, r.fail(err, "reading the positions")
}

// Position is how far one source was read; ErrNotFound if it never was.
func (r *Reader) Position(ctx context.Context, source string) ([]byte, error) {
	var value []byte
	err := r.db.QueryRowContext(ctx, "SELECT value FROM positions WHERE source = ?", source).Scan(&value)
	return value, r.fail(err, "reading the position of %s", source)
}

func pairs[V any](ctx context.Context, q querier, query string) (map[string]V, error) {
	rows, err := q.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	m := map[string]V{}
	for rows.Next() {
		var k string
		var v V
		if err := rows.Scan(&k, &v); err != nil {
			return nil, err
		}
		m[k] = v
	}
	return m, rows.Err()
}

// A PoisonRow is an item that could not be read.
type PoisonRow struct {
	ID          int64
	Digest      string // SHA-256 of the item, hex
	Origin      string
	Translator  string // who claimed it
	Reason      string // the newest
	Attempts    int
	First, Last time.Time
	Size        int    // of the item, bytes
	Item        []byte // only from PoisonItem
}

const poisonColumns = "SELECT id, digest, origin, translator, reason, attempts, first, last, length(item), "

// Poisoned lists what is poison, oldest first, without the items.
func (r *Reader) Poisoned(ctx context.Context) ([]PoisonRow, error) {
	rows, err := r.db.QueryContext(ctx, poisonColumns+"NULL FROM poison ORDER BY id")
	if err != nil {
		return nil, r.fail(err, "listing poison")
	}
	defer rows.Close()
	var list []PoisonRow
	for rows.Next() {
		p, err := scanPoison(rows)
		if err != nil {
			return nil, r.fail(err, "listing poison")
		}
		list = append(list, p)
	}
	return list, r.fail(rows.Err(), "listing poison")
}

// PoisonItem is one poisoned item with its bytes; ErrNotFound once it was read.
func (r *Reader) PoisonItem(ctx context.Context, id int64) (PoisonRow, error) {
	p, err := scanPoison(r.db.QueryRowContext(ctx, poisonColumns+"item FROM poison WHERE id = ?", id))
	return p, r.fail(err, "reading poison %d", id)
}

func scanPoison(row interface{ Scan(...any) error }) (PoisonRow, error) {
	var p PoisonRow
	var first, last int64
	err := row.Scan(&p.ID, &p.Digest, &p.Origin, &p.Translator, &p.Reason, &p.Attempts, &first, &last, &p.Size, &p.Item)
	p.First, p.Last = time.Unix(first, 0).UTC(), time.Unix(last, 0).UTC()
	return p, err
}
