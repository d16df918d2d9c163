package archive

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"busbar/common/event"
)

// What a publisher says under its numbers can be read as it is now: where its journal
// was put back to an older copy, what it said before under numbers that it used again
// is still in the archive, and no longer what they mean.

// Span gives the lowest and the highest number of a sequence that mean something now.
// Where none does, the lowest is one more than the highest. known is false where the
// sequence never came.
func (r *Reader) Span(ctx context.Context, publisher, epoch string) (oldest, newest int64, known bool, err error) {
	what := func(err error) error { return r.fail(err, "looking for the numbers of %s", publisher) }
	var id, base int64
	err = r.db.QueryRowContext(ctx, "SELECT id, base FROM sequences WHERE publisher = ? AND epoch = ?", publisher, epoch).Scan(&id, &base)
	if errors.Is(err, sql.ErrNoRows) {
		return 1, 0, false, nil
	}
	if err != nil {
		return 0, 0, false, what(err)
	}
	messages, copies, err := valid(ctx, r.db, publisher, epoch)
	if err != nil {
		return 0, 0, true, what(err)
	}
	oldest, newest = base+1, base
	for i, from := range []string{" FROM messages WHERE sequence = ?" + messages, " FROM copies WHERE sequence = ?" + copies} {
		var low, high sql.NullInt64
		const ends = "SELECT (SELECT seq%[1]s ORDER BY seq LIMIT 1), (SELECT seq%[1]s ORDER BY seq DESC LIMIT 1)"
		if err := r.db.QueryRowContext(ctx, fmt.Sprintf(ends, from), id, id).Scan(&low, &high); err != nil {
			return 0, 0, true, what(err)
		}
		switch {
		case !low.Valid:
		case i == 0 || oldest > newest:
			oldest, newest = low.Int64, high.Int64
		default:
			oldest, newest = min(oldest, low.Int64), max(newest, high.Int64)
		}
	}
	return oldest, newest, true, nil
}

// Said gives what a sequence's numbers mean now, from first to last, each once, in
// order: at most limit, and about 4 MiB. Numbers that are not there are passed over.
// Of a copy, N is the arrival after which it came.
func (r *Reader) Said(ctx context.Context, publisher, epoch string, first, last int64, limit int) ([]Message, error) {
	messages, copies, err := valid(ctx, r.db, publisher, epoch)
	if err != nil {
		return nil, r.fail(err, "reading where %s began again", publisher)
	}
	const from = " WHERE sequence = (SELECT id FROM sequences WHERE publisher = ?1 AND epoch = ?2) AND seq BETWEEN ?3 AND ?4"
	list, err := r.messages(ctx, r.db, "SELECT "+storedColumns+", 0 FROM messages"+from+messages+
		" UNION ALL SELECT came, time, sequence, seq, certificate, cut, wire, 1 FROM copies"+from+copies+" ORDER BY seq, 1 DESC LIMIT ?5",
		publisher, epoch, first, last, batch(limit))
	if err != nil {
		return nil, r.fail(err, "reading messages %d to %d of %s", first, last, publisher)
	}
	kept := list[:0]
	for _, m := range list {
		if len(kept) == 0 || kept[len(kept)-1].Seq != m.Seq {
			kept = append(kept, m)
		}
	}
	return kept, nil
}

// maxTurns bounds how often a sequence may have begun again, and count.
const maxTurns = 100

// valid is conditions on rows of messages and of copies: that they mean something
// now.
func valid(ctx context.Context, q querier, publisher, epoch string) (messages, copies string, err error) {
	list, err := collect(ctx, q, func(scan func(...any) error, g *Gap) error { return scan(&g.N, &g.First) },
		"SELECT n, first FROM gaps WHERE publisher = ? AND epoch = ? AND "+putBack+" ORDER BY n DESC LIMIT ?", publisher, epoch, maxTurns)
	var m, c strings.Builder
	for _, g := range list {
		fmt.Fprintf(&m, " AND (seq < %d OR n > %d)", g.First, g.N)
		fmt.Fprintf(&c, " AND (seq < %d OR came >= %d)", g.First, g.N)
	}
	return m.String(), c.String(), err
}

func (t *transaction) valid(e event.Envelope) (messages, copies string) {
	if t.err == nil {
		messages, copies, t.err = valid(t.ctx, t.tx, e.Publisher, e.Epoch)
	}
	return messages, copies
}

// missing names what a message shows of a sequence that comes this way alone.
func (w *writer) missing(m *Incoming, id []byte, topic int64) {
	e := m.Envelope
	var sequence, head, found int64
	if !m.Alone || !m.numbered() || !w.t.get("SELECT id, head FROM sequences WHERE publisher = ? AND epoch = ?", []any{e.Publisher, e.Epoch}, &sequence, &head) {
		return
	}
	if head = max(head, w.heads[sequence]); head == 0 {
		return
	}
	g := Gap{Publisher: e.Publisher, Epoch: e.Epoch, Time: w.a.o.Now().UTC().Truncate(time.Second)}
	switch {
	case e.Seq > head+1:
		g.First, g.Last, g.Reason = head+1, e.Seq-1, notCome
		w.gap(g)
	case e.Seq <= head && !w.t.get("SELECT 1 FROM ids WHERE uuid = ? AND topic = ?", []any{id, topic}, &found):
		messages, _ := w.t.valid(e)
		if w.t.get("SELECT 1 FROM messages WHERE sequence = ? AND seq = ?"+messages+" LIMIT 1", []any{sequence, e.Seq}, &found) {
			g.First, g.Last, g.Reason = e.Seq, head, PutBack
			w.gap(g)
		}
	}
}
