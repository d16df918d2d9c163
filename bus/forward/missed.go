package forward

import (
	"context"
	"errors"
	"fmt"
	"time"

	"busbar/common/journal"
)

const (
	// maxMissed is how many messages that the far side refused are kept, maxKept how
	// many bytes of them: they are offered again at each start.
	maxMissed = 1000
	maxKept   = 64 << 20
)

// Missed is what a sink never got, oldest first.
func (s *store) Missed(ctx context.Context, sink string) ([]journal.Missed, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT first, last, reason, time FROM forward_missed WHERE sink = ? ORDER BY first", sink)
	if err != nil {
		return nil, fmt.Errorf("reading what was refused: %w", err)
	}
	defer rows.Close()
	var list []journal.Missed
	for rows.Next() {
		var m journal.Missed
		var at int64
		if err := rows.Scan(&m.First, &m.Last, &m.Reason, &at); err != nil {
			return nil, fmt.Errorf("reading what was refused: %w", err)
		}
		m.Time = time.Unix(at, 0)
		list = append(list, m)
	}
	return list, rows.Err()
}

// Miss stores that a sink never gets a message, and the message itself.
func (s *store) Miss(ctx context.Context, sink string, m journal.Missed) error {
	s.mu.Lock()
	var id, topic string
	var wire []byte
	if i := s.behind(m.First - 1); i < len(s.waiting) {
		for ; i < len(s.waiting) && s.waiting[i].n == m.First; i++ {
			if w := s.waiting[i]; !w.pass {
				id, topic, wire = w.m.Envelope.MsgID, w.m.Topic, w.m.Body
			}
		}
	}
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, savePatience)
	defer cancel()
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("storing what was refused: %w", err)
	}
	var kept int64
	err = tx.QueryRowContext(ctx, "SELECT coalesce(sum(length(wire)), 0) FROM forward_missed").Scan(&kept)
	if err == nil && wire != nil && kept+int64(len(wire)) <= maxKept {
		_, err = tx.ExecContext(ctx, "INSERT OR REPLACE INTO forward_missed VALUES (?, ?, ?, ?, ?, ?, ?, ?)", sink, m.First, m.Last, m.Reason, time.Now().Unix(), id, topic, wire)
	} else if err == nil {
		_, err = tx.ExecContext(ctx, `INSERT INTO forward_missed VALUES (?, ?, ?, ?, ?, ?, ?, NULL)
			ON CONFLICT (sink, first) DO UPDATE SET reason = excluded.reason, time = excluded.time`, sink, m.First, m.Last, m.Reason, time.Now().Unix(), id, topic)
	}
	if err == nil {
		_, err = tx.ExecContext(ctx, "DELETE FROM forward_missed WHERE sink = ? AND first NOT IN (SELECT first FROM forward_missed WHERE sink = ? ORDER BY first DESC LIMIT ?)", sink, sink, maxMissed)
	}
	if err != nil {
		return fmt.Errorf("storing what was refused: %w", errors.Join(err, tx.Rollback()))
	}
	return tx.Commit()
}

// Unmiss says that the sink got messages after all, or will be asked again.
func (s *store) Unmiss(ctx context.Context, sink string, first, last int64) error {
	_, err := s.db.ExecContext(ctx, "DELETE FROM forward_missed WHERE sink = ? AND first >= ? AND last <= ?", sink, first, last)
	if err != nil {
		return fmt.Errorf("storing what is no longer refused: %w", err)
	}
	return nil
}

// refused is a message that was refused, as it was kept; none if it was not.
func (s *store) refused(ctx context.Context, n int64) ([]journal.Message, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT first, id, topic, wire FROM forward_missed WHERE first = ? AND wire IS NOT NULL", n)
	if err != nil {
		return nil, fmt.Errorf("reading what was refused: %w", err)
	}
	defer rows.Close()
	var list []journal.Message
	for rows.Next() {
		var m journal.Message
		if err := rows.Scan(&m.Seq, &m.ID, &m.Topic, &m.Wire); err != nil {
			return nil, fmt.Errorf("reading what was refused: %w", err)
		}
		list = append(list, m)
	}
	return list, rows.Err()
}
