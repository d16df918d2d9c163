package journal

import (
	"context"
	"os"
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
	Disputes          int64 // of these, told in other words, since the journal was made
	Replacements      int64 // messages that replaced one with less evidence
	Poisoned          int64 // items that wait for a retry
	PoisonBytes       int64 // of these and of the disputed
	Disputed          int64 // items kept because they told something known in other words
	PoisonDropped     int64 // items that had to make room, since the journal was made
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
		if info, err := os.Stat(real(r.path) + suffix); err == nil {
			c.FileBytes += info.Size()
		}
	}
	err = r.db.QueryRowContext(ctx, "SELECT count(*) FILTER (WHERE disputes = ''), count(*) FILTER (WHERE disputes <> ''), "+
		"coalesce(sum(length(item)), 0) FROM poison").Scan(&c.Poisoned, &c.Disputed, &c.PoisonBytes)
	if err != nil {
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
			switch name {
			case duplicates:
				c.Duplicates = value
			case disputes:
				c.Disputes = value
			case replacements:
				c.Replacements = value
			case poisonDropped:
				c.PoisonDropped = value
			}
		}
	}
	return rows.Err()
}

// Position is how far one source was read; ErrNotFound if it never was.
func (r *Reader) Position(ctx context.Context, source string) ([]byte, error) {
	var value []byte
	var sum *int64
	err := r.db.QueryRowContext(ctx, "SELECT value, sum FROM positions WHERE source = ?", source).Scan(&value, &sum)
	if err == nil {
		err = checkSum(sum, positionSum(source, value), "the position of %s", source)
	}
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
