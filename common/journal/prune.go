package journal

import (
	"context"
	"fmt"
	"math"
	"time"
)

// Retention says how long messages are kept. The zero value keeps them for
// ever.
type Retention struct {
	Age   time.Duration // older messages go; 0: no limit
	Bytes int64         // the oldest go until the rest is no larger; 0: no limit
}

// Pruned is what Prune did.
type Pruned struct {
	Messages int64
	Bytes    int64
	// HeldBy names the sink whose cursor kept messages that were due, if any.
	HeldBy string
}

// pruneStep is how many messages one transaction drops, so that appends wait
// only briefly.
const pruneStep = 1000

// Prune drops the messages that Retention does not keep. It never drops one
// that the cursor of a sink has not passed which ran within a week, nor the
// newest; ids stay, so that an old fact is not published again, and the last
// hash stays, so that the chain can be verified from there. The file does not shrink at once: its free pages are
// used again, and given back, some at each call, while they are more than a
// quarter.
func (j *Journal) Prune(ctx context.Context) (Pruned, error) {
	var total Pruned
	for {
		var step Pruned
		err := j.do(ctx, func() (err error) {
			step, err = j.prune(context.Background())
			return err
		})
		if err != nil {
			return total, fmt.Errorf("pruning journal %s: %w", j.o.Path, explain(err))
		}
		total.Messages += step.Messages
		total.Bytes += step.Bytes
		total.HeldBy = step.HeldBy
		if step.Messages < pruneStep {
			return total, nil
		}
	}
}

// prune drops up to pruneStep messages.
func (j *Journal) prune(ctx context.Context) (Pruned, error) {
	var p Pruned
	if err := j.touch(ctx); err != nil { // it stores the cursors, too
		return p, err
	}
	limit, holder, err := j.slowest(ctx)
	if err != nil {
		return p, err
	}
	next, err := j.due(ctx, &p, limit, holder)
	if err != nil {
		return p, err
	}
	if p.Messages == 0 {
		return p, j.shrink(ctx)
	}
	err = j.transact(ctx, func(t *transaction) {
		_, t.err = t.tx.ExecContext(ctx, "DELETE FROM messages WHERE seq <= ?", next.baseSeq)
		t.run(j.sql.meta, next.baseSeq, "base_seq")
		t.run(j.sql.meta, next.baseHash, "base_hash")
		t.run(j.sql.meta, next.bytes, "bytes")
	})
	if err != nil {
		return Pruned{}, err
	}
	j.state = next
	return p, j.shrink(ctx)
}

// due walks from the oldest message to the first that stays.
func (j *Journal) due(ctx context.Context, p *Pruned, limit int64, holder string) (state, error) {
	s, oldest := j.state, int64(math.MinInt64)
	if j.o.Retention.Age > 0 {
		oldest = j.o.Now().Add(-j.o.Retention.Age).Unix()
	}
	rows, err := j.db.QueryContext(ctx,
		"SELECT seq, time, hash, length(wire) FROM messages WHERE seq < ? ORDER BY seq LIMIT ?", s.headSeq, pruneStep)
	if err != nil {
		return s, err
	}
	defer rows.Close()
	for rows.Next() {
		var seq, unix, size int64
		var hash string
		if err := rows.Scan(&seq, &unix, &hash, &size); err != nil {
			return s, err
		}
		if unix >= oldest && (j.o.Retention.Bytes <= 0 || s.bytes <= j.o.Retention.Bytes) {
			break
		}
		if seq > limit {
			p.HeldBy = holder
			break
		}
		s.baseSeq, s.baseHash, s.bytes = seq, hash, s.bytes-size
		p.Messages++
		p.Bytes += size
	}
	return s, rows.Err()
}

// shrink gives pages back to the file system when many are free.
func (j *Journal) shrink(ctx context.Context) error {
	var pages, free int64
	if err := j.db.QueryRowContext(ctx, "PRAGMA page_count").Scan(&pages); err != nil {
		return err
	}
	if err := j.db.QueryRowContext(ctx, "PRAGMA freelist_count").Scan(&free); err != nil {
		return err
	}
	if free*4 < pages {
		return nil
	}
	_, err := j.db.ExecContext(ctx, fmt.Sprintf("PRAGMA incremental_vacuum(%d)", pruneStep))
	return err
}
