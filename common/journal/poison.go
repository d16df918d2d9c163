package journal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// A PoisonRow is an item that could not be read.
type PoisonRow struct {
	ID          int64
	Digest      string // SHA-256 of the item, hex
	Source      string // that made it; empty: an older program kept it
	Origin      string
	Translator  string // who claimed it
	Reason      string // the newest
	Attempts    int
	First, Last time.Time
	Disputes    string // the messages that the item tells in other words; empty: it cannot be read
	Size        int    // of the item, bytes
	Item        []byte // only from PoisonItem
}

const poisonColumns = "SELECT id, digest, origin, translator, reason, attempts, first, last, disputes, source, length(item), "

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
	err := row.Scan(&p.ID, &p.Digest, &p.Origin, &p.Translator, &p.Reason, &p.Attempts, &first, &last, &p.Disputes, &p.Source, &p.Size, &p.Item)
	p.First, p.Last = time.Unix(first, 0).UTC(), time.Unix(last, 0).UTC()
	return p, err
}

// PoisonBounds bound what is kept of items that cannot be read, or that dispute
// what is known: anybody who can send one can fill a disk. Zero: no bound.
type PoisonBounds struct {
	Items int64
	Bytes int64
}

// kept reports whether the batch adds to the poison.
func (b *batch) kept() bool {
	return slices.ContainsFunc(b.parts, func(p part) bool {
		return p.err == nil && (p.record.Poison != "" || len(p.result.Disputed) > 0)
	})
}

// A droppedPoison is an item that had to make room.
type droppedPoison struct {
	id, size                           int64
	digest, origin, translator, reason string
	disputed                           bool
}

func (d droppedPoison) group() string { return fmt.Sprintf("%v %s", d.disputed, d.translator) }

// bound makes room: while there are too many bytes, the largest item of the
// translator that holds most bytes goes, and while there are too many items, the
// oldest of the one that holds most. So a flood through one translator drowns
// itself, and what others keep stays. One item always stays.
func (t *transaction) bound(s statements, limit PoisonBounds) []droppedPoison {
	if t.err != nil || limit == (PoisonBounds{}) {
		return nil
	}
	var count, size int64
	t.err = t.tx.QueryRowContext(t.ctx, "SELECT count(*), coalesce(sum(length(item)), 0) FROM poison").Scan(&count, &size)
	over := func() bool {
		return limit.Items > 0 && count > limit.Items || limit.Bytes > 0 && size > limit.Bytes
	}
	if t.err != nil || !over() {
		return nil
	}
	q := newQueue(t.poison())
	var gone []droppedPoison
	for t.err == nil && over() && q.left > 1 {
		d := q.victim(limit.Bytes > 0 && size > limit.Bytes)
		t.run(s.drop, d.id)
		t.run(s.count, kindTotal, poisonDropped, 1)
		count, size = count-1, size-d.size
		gone = append(gone, d)
	}
	return gone
}

// poison lists what is kept, oldest first.
func (t *transaction) poison() []droppedPoison {
	rows, err := t.tx.QueryContext(t.ctx,
		"SELECT id, length(item), digest, origin, translator, reason, disputes <> '' FROM poison ORDER BY last, id")
	if err != nil {
		t.err = err
		return nil
	}
	defer rows.Close()
	var all []droppedPoison
	for rows.Next() {
		var d droppedPoison
		if t.err = rows.Scan(&d.id, &d.size, &d.digest, &d.origin, &d.translator, &d.reason, &d.disputed); t.err != nil {
			return nil
		}
		all = append(all, d)
	}
	t.err = rows.Err()
	return all
}

// DropPoison removes poison for good. What is not there is no error: a request
// may come twice.
func (j *Journal) DropPoison(ctx context.Context, ids []int64) error {
	err := j.do(ctx, func() error {
		ctx := context.Background()
		err := j.transact(ctx, func(t *transaction) {
			for _, id := range ids {
				t.run(j.sql.drop, id)
			}
		})
		if err == nil {
			err = j.shrink(ctx)
		}
		return explain(err)
	})
	if err != nil {
		return fmt.Errorf("dropping poison of journal %s: %w", j.o.Path, err)
	}
	return nil
}

// DropPoison removes poison from a journal that no process writes: ErrLocked if
// one does.
func DropPoison(ctx context.Context, path string, ids []int64) error {
	r, s, err := openChecked(ctx, path)
	if err != nil {
		return fmt.Errorf("opening journal %s: %w", path, err)
	}
	if err := r.Close(); err != nil {
		return fmt.Errorf("opening journal %s: %w", path, err)
	}
	j, err := Open(ctx, Options{Path: path, Identity: s.Identity})
	if err != nil {
		return err
	}
	return errors.Join(j.DropPoison(ctx, ids), j.Close())
}
