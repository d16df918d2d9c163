package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"busbar/common/event"
)

// maxFaults is how many faults a Report names; the others are counted.
const maxFaults = 100

// A Fault is one thing wrong in a journal. Seq is 0 where it is not one
// message's.
type Fault struct {
	Seq  int64
	What string
}

// A Report is what Verify found.
type Report struct {
	Messages    int64
	First, Last int64 // the numbers walked
	Faults      []Fault
	More        int64 // faults beyond those named
}

// OK says that nothing is wrong.
func (r Report) OK() bool { return len(r.Faults) == 0 }

func (r *Report) add(seq int64, what string) {
	if len(r.Faults) >= maxFaults {
		r.More++
		return
	}
	r.Faults = append(r.Faults, Fault{Seq: seq, What: what})
}

// Verify reads the whole journal, also while it is being written: SQLite's own
// structure, the sequence without gaps, each id and column against the
// message's bytes, the chain of hashes, and the sums of ids, states and positions. check, if not nil, is asked about
// each message, for its signature. What is wrong is in the report; the error is
// for not being able to look.
func (r *Reader) Verify(ctx context.Context, check func(m Message, tree map[string]any) error) (Report, error) {
	return r.verify(ctx, check, func(time.Duration) {})
}

// verify rests after each short piece of work, whose length it tells.
func (r *Reader) verify(ctx context.Context, check func(Message, map[string]any) error, rest func(time.Duration)) (Report, error) {
	var report Report
	err := r.verifyFile(ctx, &report)
	if err == nil {
		err = r.verifyRows(ctx, rest, &report)
	}
	if err == nil {
		err = r.walk(ctx, check, rest, &report)
	}
	if explained := explain(err); errors.Is(explained, ErrCorrupt) {
		report.add(0, "it cannot be read further: "+explained.Error())
		return report, nil
	}
	return report, r.fail(err, "verifying")
}

func (r *Reader) walk(ctx context.Context, check func(Message, map[string]any) error, rest func(time.Duration), report *Report) error {
	var c chain
	for {
		began := time.Now()
		s, batch, err := r.step(ctx, c.seq)
		if err != nil {
			return err
		}
		if c.seq < s.baseSeq || c.state.epoch == "" { // the beginning, or retention overtook us
			c.seq, c.hash = s.baseSeq, s.baseHash
		}
		if c.state = s; report.First == 0 {
			report.First = c.seq + 1
		}
		if len(batch) == 0 {
			report.Last = c.seq
			report.finish(c)
			return nil
		}
		for _, m := range batch {
			if err := r.verifyMessage(ctx, &c, m, check, report); err != nil {
				return fmt.Errorf("message %d: %w", m.Seq, err)
			}
		}
		rest(time.Since(began))
	}
}

// step reads the state and the next messages in one moment of the file. A
// short transaction for each batch: a long one would keep the write-ahead log
// from being reused.
func (r *Reader) step(ctx context.Context, seq int64) (state, []Message, error) {
	tx, err := r.db.BeginTx(ctx, nil)
	if err != nil {
		return state{}, nil, err
	}
	defer tx.Rollback()
	s, err := loadState(ctx, tx)
	if err != nil {
		return s, nil, err
	}
	batch, err := after(ctx, tx, max(seq, s.baseSeq), defaultBatch)
	return s, batch, err
}

// finish compares the end of the walk with the end that meta remembers.
func (r *Report) finish(c chain) {
	switch {
	case c.seq < c.state.headSeq:
		r.add(c.state.headSeq, fmt.Sprintf("messages after %d are missing", c.seq))
	case c.seq != c.state.headSeq || c.hash != c.state.headHash:
		r.add(c.seq, "the newest message is not the one that the journal remembers")
	}
}

func (r *Reader) verifyFile(ctx context.Context, report *Report) error {
	rows, err := r.db.QueryContext(ctx, "PRAGMA integrity_check(20)")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return err
		}
		if line != "ok" {
			report.add(0, "SQLite: "+line)
		}
	}
	return rows.Err()
}

func (r *Reader) verifyMessage(ctx context.Context, c *chain, m Message, check func(Message, map[string]any) error, report *Report) error {
	report.Messages++
	tree, faults := c.next(m)
	for _, f := range faults {
		report.add(m.Seq, f)
	}
	if known, err := r.knows(ctx, m); err != nil {
		return err
	} else if !known {
		report.add(m.Seq, "its id is not remembered as its own")
	}
	if tree != nil && check != nil {
		if err := check(m, tree); err != nil {
			report.add(m.Seq, err.Error())
		}
	}
	return nil
}

func (r *Reader) knows(ctx context.Context, m Message) (bool, error) {
	u, err := event.IDUUID(m.ID)
	if err != nil {
		return false, nil
	}
	var seq int64
	err = r.db.QueryRowContext(ctx, "SELECT seq FROM ids WHERE uuid = ?", u[:]).Scan(&seq)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil && seq == m.Seq, err
}
