package archive

import (
	"context"
	"fmt"
	"math"
	"time"

	"busbar/common/event"
	"busbar/common/state"
)

// Retention says how long messages are kept. The zero value keeps them for ever.
type Retention struct {
	Age   time.Duration // older messages go; 0: no limit
	Bytes int64         // the oldest go until the rest is no larger; 0: no limit
}

// pruneStep is how many messages one transaction drops, so that others wait only
// briefly.
const pruneStep = 200

// Prune drops the messages that Retention does not keep, and says how many: those
// that came first, up to the first that stays. Their ids stay, so that none is
// stored again, and so do the states that they left. The file does not grow while
// there are free pages; it does not shrink.
func (a *Archive) Prune(ctx context.Context) (int64, error) {
	var total int64
	for {
		n, err := a.prune(ctx)
		total += n
		if err != nil {
			return total, fmt.Errorf("pruning archive %s: %w", a.o.Path, err)
		}
		if n < pruneStep {
			return total, nil
		}
	}
}

func (a *Archive) prune(ctx context.Context) (dropped int64, err error) {
	a.writing.Lock()
	defer a.writing.Unlock()
	oldest := int64(math.MinInt64)
	if a.o.Retention.Age > 0 {
		oldest = a.o.Now().Add(-a.o.Retention.Age).Unix()
	}
	next := a.extent
	err = a.transact(ctx, func(t *transaction) {
		rows := t.stored("SELECT "+storedColumns+" FROM messages WHERE n > ? AND n <= ? ORDER BY n LIMIT ?", next.base, next.newest, pruneStep)
		x := newIndexer(t, &a.known)
		x.states = "base_states"
		for _, s := range rows {
			if t.err != nil || s.time >= oldest && (a.o.Retention.Bytes <= 0 || next.bytes <= a.o.Retention.Bytes) {
				break
			}
			next.bytes -= x.drop(s, a.o.States)
			next.base = s.n
			dropped++
		}
		if dropped == 0 {
			return
		}
		x.flush()
		t.run("DELETE FROM hours WHERE count <= 0")
		t.run("DELETE FROM messages WHERE n <= ?", next.base)
		t.run("DELETE FROM copies WHERE n <= ?", next.base)
		t.meta("base", next.base)
		t.meta("bytes", next.bytes)
	})
	if err != nil {
		return 0, err
	}
	a.extent = next
	return dropped, nil
}

// drop removes what was made of a message, and says how long that was.
func (x *indexer) drop(s stored, states *state.Table) int64 {
	wire, e, ok := x.t.envelope(s)
	if !ok {
		return 0
	}
	if s.sequence.Valid {
		x.t.run("UPDATE sequences SET base = max(base, ?) WHERE id = ?", s.seq.Int64, s.sequence.Int64)
	}
	x.remove(s.n, e)
	x.state(s.n, e, states.Updates(e))
	return int64(len(wire))
}

// stored reads rows of messages.
func (t *transaction) stored(query string, args ...any) (list []stored) {
	if t.err != nil {
		return nil
	}
	rows, err := t.tx.QueryContext(t.ctx, query, args...)
	if t.err = err; err != nil {
		return nil
	}
	defer rows.Close()
	for rows.Next() && t.err == nil {
		var s stored
		t.err = s.scan(rows)
		list = append(list, s)
	}
	if t.err == nil {
		t.err = rows.Err()
	}
	return list
}

// envelope reads a stored message.
func (t *transaction) envelope(s stored) (wire []byte, e event.Envelope, ok bool) {
	if t.err != nil {
		return nil, e, false
	}
	wire = s.wire
	if s.certificate.Valid {
		var text []byte
		if !t.get("SELECT text FROM certificates WHERE id = ?", []any{s.certificate.Int64}, &text) {
			return nil, e, false
		}
		if wire, t.err = join(s.wire, text, s.cut.Int64); t.err != nil {
			return nil, e, false
		}
	}
	if _, e, t.err = event.ParseMessage(wire); t.err != nil {
		t.err = fmt.Errorf("%w: message %d: %w", ErrCorrupt, s.n, t.err)
	}
	return wire, e, t.err == nil
}
