package archive

import (
	"context"
	"database/sql"
	"fmt"
)

// A Batch is what one transaction stores.
type Batch struct {
	Messages  []Incoming // in the order in which they are to be read by arrival
	Gaps      []Gap      // in the order of their places among the messages
	Positions []Position // how far the caller has come with all of this
	// Record, if not nil, writes what else belongs to the batch into the same
	// transaction, such as positions in tables of the caller's (see DB).
	Record func(context.Context, *sql.Tx) error
}

// A Result is what Append did.
type Result struct {
	Stored     int // messages that are new
	Copies     int // facts that were known, as another publisher says them
	Duplicates int // messages that were there already
}

// known are numbers of rows that were looked up; it is emptied when it is large,
// and when a transaction fails.
type known struct {
	sequences    map[Position]int64 // Seq is 0
	certificates map[string]int64
	names        map[name]int64
	turns        map[Position][]int64 // arrivals behind which sequences began again
	lastName     int64                // the highest number of a name; 0: not looked up
}

const maxKnown = 50_000

// Append stores a batch in one transaction: all of it or nothing. When it returns
// nil, the batch is on disk. A message whose id is known under its topic is not stored again; as
// another publisher's, it is kept as a copy, to be found by its number.
func (a *Archive) Append(ctx context.Context, b Batch) (Result, error) {
	for _, m := range b.Messages {
		if m.Envelope.Topic == "" || len(m.Wire) == 0 || len(m.Wire) > maxWire {
			return Result{}, fmt.Errorf("appending to archive %s: %w: it has no topic, or %d bytes", a.o.Path, ErrMessage, len(m.Wire))
		}
	}
	for i, g := range b.Gaps {
		if err := g.check(); err != nil {
			return Result{}, fmt.Errorf("appending to archive %s: %w: %w", a.o.Path, ErrMessage, err)
		}
		if g.Before < 0 || g.Before > len(b.Messages) || i > 0 && g.Before < b.Gaps[i-1].Before {
			return Result{}, fmt.Errorf("appending to archive %s: %w: a gap has no place among the messages", a.o.Path, ErrMessage)
		}
	}
	a.Prepare(b.Messages)
	a.writing.Lock()
	defer a.writing.Unlock()
	w := &writer{a: a, next: a.extent}
	err := a.transact(ctx, func(t *transaction) {
		w.t = t
		w.index = newIndexer(t, &a.known)
		gaps := b.Gaps
		for i := range b.Messages {
			for len(gaps) > 0 && gaps[0].Before <= i {
				w.gap(gaps[0])
				gaps = gaps[1:]
			}
			w.message(&b.Messages[i])
		}
		w.index.flush()
		for id, head := range w.heads {
			t.run("UPDATE sequences SET head = ? WHERE id = ? AND head < ?", head, id, head)
		}
		for _, g := range gaps {
			w.gap(g)
		}
		for _, p := range b.Positions {
			t.run("INSERT OR REPLACE INTO positions VALUES (?, ?, ?)", p.Publisher, p.Epoch, p.Seq)
		}
		if b.Record != nil && t.err == nil {
			t.err = b.Record(ctx, t.tx)
		}
		if w.next.newest > a.extent.newest {
			w.moved = true
			t.meta("newest", w.next.newest)
			t.meta("bytes", w.next.bytes)
		}
	})
	if err != nil {
		return Result{}, fmt.Errorf("appending to archive %s: %w", a.o.Path, err)
	}
	a.extent = w.next
	if w.moved || w.result.Copies > 0 {
		a.advance()
	}
	return w.result, nil
}

// A writer stores the messages of one batch.
type writer struct {
	a      *Archive
	t      *transaction
	index  *indexer
	next   extent
	moved  bool            // there is something new to be read by arrival
	heads  map[int64]int64 // of sequences, the highest numbers of the batch
	result Result
}

func (w *writer) gap(g Gap) {
	delete(w.a.known.turns, Position{Publisher: g.Publisher, Epoch: g.Epoch})
	w.next.newest += w.t.run("INSERT OR IGNORE INTO gaps VALUES (?, ?, ?, ?, ?, ?, ?)",
		w.next.newest+1, g.Publisher, g.Epoch, g.First, g.Last, g.Reason, g.Time.Unix())
}

func (w *writer) message(m *Incoming) {
	id, topic := m.fact()
	w.missing(m, id[:], topic)
	n := w.next.newest + 1
	if n > maxArrival {
		w.t.err = fmt.Errorf("it has held %d messages, and numbers no more: begin a new one", maxArrival)
		return
	}
	if w.t.run("INSERT OR IGNORE INTO ids VALUES (?, ?, ?)", id[:], topic, n) == 0 {
		var first int64
		if w.t.get("SELECT n FROM ids WHERE uuid = ? AND topic = ?", []any{id[:], topic}, &first) {
			w.again(m, first)
		}
		return
	}
	sequence := w.sequence(m)
	row := w.row(m, n, sequence)
	w.t.run("INSERT INTO messages (n, time, sequence, seq, certificate, cut, wire) VALUES (?, ?, ?, ?, ?, ?, ?)", row...)
	w.index.add(n, m.Envelope, *m.found)
	w.next.newest, w.next.bytes = n, w.next.bytes+int64(len(m.Wire))
	w.result.Stored++
}

// again handles a message whose id is known since the message first.
func (w *writer) again(m *Incoming, first int64) {
	sequence := w.sequence(m)
	if sequence == nil || first <= w.next.base { // or retention has dropped it
		w.result.Duplicates++
		return
	}
	messages, copies := w.t.valid(m.Envelope)
	var own int64
	if w.t.get("SELECT 1 FROM messages WHERE n = ? AND sequence = ? AND seq = ?"+messages, []any{first, sequence, m.Envelope.Seq}, &own) ||
		w.t.get("SELECT 1 FROM copies WHERE sequence = ? AND seq = ?"+copies, []any{sequence, m.Envelope.Seq}, &own) || w.t.err != nil {
		w.result.Duplicates++
		return
	}
	// Before its journal was put back, the number may have been another fact's.
	if w.t.run("INSERT OR REPLACE INTO copies (n, time, sequence, seq, certificate, cut, wire, came) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		append(w.row(m, first, sequence), w.next.newest)...) > 0 {
		w.result.Copies++
	} else {
		w.result.Duplicates++
	}
}

func (w *writer) row(m *Incoming, n int64, sequence any) []any {
	rest, certificate, cut := split(m.Wire)
	row := []any{n, placeOf(m.Envelope.Timestamp, 0).time(), sequence, nil, nil, nil, rest}
	if sequence != nil {
		row[3] = m.Envelope.Seq
	}
	if certificate != nil {
		row[4], row[5] = w.certificate(string(certificate)), cut
	}
	return row
}

// sequence is the row of the message's sequence, whose head moves; nil where it has
// none.
func (w *writer) sequence(m *Incoming) any {
	if !m.numbered() {
		return nil
	}
	e, known := m.Envelope, &w.a.known
	key := Position{Publisher: e.Publisher, Epoch: e.Epoch}
	id, ok := known.sequences[key]
	if !ok {
		if !w.t.get("SELECT id FROM sequences WHERE publisher = ? AND epoch = ?", []any{e.Publisher, e.Epoch}, &id) {
			w.t.get("INSERT INTO sequences VALUES (NULL, ?, ?, 0, 0) RETURNING id", []any{e.Publisher, e.Epoch}, &id)
		}
		put(&known.sequences, key, id)
	}
	if w.heads == nil {
		w.heads = map[int64]int64{}
	}
	w.heads[id] = max(w.heads[id], e.Seq)
	return id
}

func (w *writer) certificate(text string) int64 {
	known := &w.a.known
	id, ok := known.certificates[text]
	if !ok {
		if !w.t.get("SELECT id FROM certificates WHERE text = ?", []any{[]byte(text)}, &id) {
			w.t.get("INSERT INTO certificates VALUES (NULL, ?) RETURNING id", []any{[]byte(text)}, &id)
		}
		put(&known.certificates, text, id)
	}
	return id
}

func put[K comparable, V any](m *map[K]V, key K, id V) {
	if *m == nil || len(*m) >= maxKnown {
		*m = map[K]V{}
	}
	(*m)[key] = id
}
