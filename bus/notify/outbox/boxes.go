package outbox

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"busbar/bus/notify/dest"
	"busbar/bus/notify/plan"
)

// A Key is whose box it is, and where.
type Key struct{ Person, Way, To string }

// A Batch is what some events became, or what became due.
type Batch struct {
	Boxes   map[Key]*plan.Box // that have changed; Clean them when Write has stored them
	Notes   []Planned
	Reports map[string]string // bug: who reported it
	Counts  map[Count]int64
	Gone    []string // people whose boxes are forgotten
}

// A Planned note goes to a box's address.
type Planned struct {
	Way  string
	Note dest.Note
}

// A Count is something that is counted for ever; Way is empty where it belongs to none.
type Count struct{ Way, What string }

// A head is what of a box is stored in its row.
type head struct {
	Sent    []int64          `json:"sent,omitempty"`
	Threads map[string]int64 `json:"threads,omitempty"`
}

// A state is what of a bucket is.
type state struct {
	Due    int64          `json:"due"`
	More   int            `json:"more,omitempty"`
	MoreOf map[string]int `json:"more_of,omitempty"`
	How    plan.How       `json:"how"`
}

// Write stores a batch in one transaction, in which record may write, too (nil: nothing).
// A note whose id is known is not made again.
func (o *Outbox) Write(ctx context.Context, b Batch, record func(*sql.Tx) error) error {
	err := o.write(ctx, func(tx *sql.Tx) error {
		if record != nil {
			if err := record(tx); err != nil {
				return err
			}
		}
		for _, person := range b.Gone {
			if err := dropBoxes(ctx, tx, person); err != nil {
				return err
			}
		}
		for key, box := range b.Boxes {
			if err := putBox(ctx, tx, key, box); err != nil {
				return err
			}
		}
		counts := maps.Clone(b.Counts) // it may be written again
		if counts == nil {
			counts = map[Count]int64{}
		}
		for _, p := range b.Notes {
			made, err := putNote(ctx, tx, p, time.Now())
			if err != nil {
				return err
			}
			if made {
				counts[Count{p.Way, "made"}]++
			}
		}
		for bug, who := range b.Reports {
			if _, err := tx.ExecContext(ctx, "INSERT INTO notify_reports VALUES (?, ?) ON CONFLICT DO UPDATE SET who = excluded.who", bug, who); err != nil {
				return err
			}
		}
		return putCounts(ctx, tx, counts)
	})
	if err != nil {
		return fmt.Errorf("writing the outbox: %w", err)
	}
	return nil
}

func putCounts(ctx context.Context, tx *sql.Tx, counts map[Count]int64) error {
	for c, n := range counts {
		if _, err := tx.ExecContext(ctx, "INSERT INTO notify_counts VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n", c.Way, c.What, n); err != nil {
			return err
		}
	}
	return nil
}

func putBox(ctx context.Context, tx *sql.Tx, key Key, box *plan.Box) error {
	changed, buckets := box.Changes()
	if !changed && len(buckets) == 0 {
		return nil
	}
	id, err := putHead(ctx, tx, key, box, changed)
	if err != nil {
		return err
	}
	for _, k := range buckets {
		if err := putBucket(ctx, tx, id, k); err != nil {
			return err
		}
	}
	return nil
}

// putHead stores what a box has beside its buckets, if that has changed or nothing is stored
// yet, and gives the box's number.
func putHead(ctx context.Context, tx *sql.Tx, key Key, box *plan.Box, changed bool) (id int64, err error) {
	if !changed { // threads take room, and in a storm most boxes only count
		err := tx.QueryRowContext(ctx, "SELECT id FROM notify_boxes WHERE person = ? AND way = ? AND address = ?", key.Person, key.Way, key.To).Scan(&id)
		if !errors.Is(err, sql.ErrNoRows) {
			return id, err
		}
	}
	h := head{Threads: map[string]int64{}}
	for _, t := range box.Sent {
		h.Sent = append(h.Sent, t.UnixMilli())
	}
	for thread, t := range box.Threads {
		h.Threads[thread] = t.UnixMilli()
	}
	text, err := json.Marshal(h)
	if err != nil {
		return 0, err
	}
	err = tx.QueryRowContext(ctx, `INSERT INTO notify_boxes (person, way, address, head) VALUES (?, ?, ?, ?)
		ON CONFLICT (person, way, address) DO UPDATE SET head = excluded.head RETURNING id`, key.Person, key.Way, key.To, string(text)).Scan(&id)
	return id, err
}

func putBucket(ctx context.Context, tx *sql.Tx, box int64, k plan.Stored) error {
	if k.From == 0 {
		if _, err := tx.ExecContext(ctx, "DELETE FROM notify_items WHERE box = ? AND key = ?", box, k.Key); err != nil {
			return err
		}
	}
	if k.Bucket == nil {
		_, err := tx.ExecContext(ctx, "DELETE FROM notify_buckets WHERE box = ? AND key = ?", box, k.Key)
		return err
	}
	text, err := json.Marshal(state{k.Due.UnixMilli(), k.More, k.MoreOf, k.How})
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "INSERT INTO notify_buckets VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET state = excluded.state", box, k.Key, string(text)); err != nil {
		return err
	}
	if k.From >= len(k.Items) {
		return nil
	}
	insert, err := tx.PrepareContext(ctx, "INSERT OR REPLACE INTO notify_items VALUES (?, ?, ?, ?)") // there may be many
	if err != nil {
		return err
	}
	defer insert.Close()
	for n := k.From; n < len(k.Items); n++ {
		item, err := json.Marshal(k.Items[n])
		if err != nil {
			return err
		}
		if _, err := insert.ExecContext(ctx, box, k.Key, n, string(item)); err != nil {
			return err
		}
	}
	return nil
}

// PutIn stores a note that is to be sent, within a transaction; false: it is known.
func PutIn(ctx context.Context, tx *sql.Tx, p Planned) (bool, error) {
	made, err := putNote(ctx, tx, p, time.Now())
	if err != nil || !made {
		return made, err
	}
	return true, putCounts(ctx, tx, map[Count]int64{{p.Way, "made"}: 1})
}

// putNote stores a note that is to be sent; false: it is known.
func putNote(ctx context.Context, tx *sql.Tx, p Planned, now time.Time) (bool, error) {
	text, err := json.Marshal(p.Note)
	if err != nil {
		return false, err
	}
	var n int64
	err = tx.QueryRowContext(ctx, `INSERT INTO notify_notes (id, way, address, person, kind, rule, subject, made, next, done, state, attempts, unsure, error, note)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, coalesce((SELECT next FROM notify_notes WHERE way = ? AND address = ? AND state = 0 AND made > ? ORDER BY n LIMIT 1), 0), 0, 0, 0, 0, '', ?)
		ON CONFLICT (id) DO NOTHING RETURNING n`, // not before the one that it follows
		p.Note.ID, p.Way, p.Note.To, p.Note.Person, string(p.Note.Kind), p.Note.Rule, p.Note.Subject, now.UnixMilli(), p.Way, p.Note.To, now.Add(-inOrder).UnixMilli(), text).Scan(&n)
	if err == sql.ErrNoRows {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	for _, m := range p.Note.Messages {
		if _, err := tx.ExecContext(ctx, "INSERT OR IGNORE INTO notify_events VALUES (?, ?)", m.ID, n); err != nil {
			return false, err
		}
	}
	return true, nil
}

// Boxes are all boxes as they are stored. Whose address and limits they have, the rules
// say.
func (o *Outbox) Boxes(ctx context.Context) (map[Key]*plan.Box, error) {
	boxes := map[Key]*plan.Box{}
	by := map[int64]*plan.Box{}
	err := o.each(ctx, "SELECT id, person, way, address, head FROM notify_boxes", nil, func(rows *sql.Rows) error {
		var id int64
		var key Key
		var text string
		if err := rows.Scan(&id, &key.Person, &key.Way, &key.To, &text); err != nil {
			return err
		}
		var h head
		if err := json.Unmarshal([]byte(text), &h); err != nil {
			return err
		}
		box := plan.NewBox()
		for _, t := range h.Sent {
			box.Sent = append(box.Sent, time.UnixMilli(t))
		}
		for thread, t := range h.Threads {
			box.Threads[thread] = time.UnixMilli(t)
		}
		boxes[key], by[id] = box, box
		return nil
	})
	if err == nil {
		err = o.each(ctx, "SELECT box, key, state FROM notify_buckets", nil, func(rows *sql.Rows) error {
			var id int64
			var key, text string
			if err := rows.Scan(&id, &key, &text); err != nil {
				return err
			}
			var s state
			if err := json.Unmarshal([]byte(text), &s); err != nil {
				return err
			}
			if box := by[id]; box != nil {
				box.Buckets[key] = &plan.Bucket{Key: key, Due: time.UnixMilli(s.Due), More: s.More, MoreOf: s.MoreOf, How: s.How}
			}
			return nil
		})
	}
	if err == nil {
		err = o.each(ctx, "SELECT box, key, item FROM notify_items ORDER BY box, key, n", nil, func(rows *sql.Rows) error {
			var id int64
			var key, text string
			if err := rows.Scan(&id, &key, &text); err != nil {
				return err
			}
			var i plan.Item
			if err := json.Unmarshal([]byte(text), &i); err != nil {
				return err
			}
			if box := by[id]; box != nil && box.Buckets[key] != nil {
				box.Buckets[key].Items = append(box.Buckets[key].Items, i)
			}
			return nil
		})
	}
	if err != nil {
		return nil, fmt.Errorf("reading the outbox: %w", err)
	}
	return boxes, nil
}

// Reports are who reported which bug, as far as it was learnt.
func (o *Outbox) Reports(ctx context.Context) (map[string]string, error) {
	reports := map[string]string{}
	err := o.each(ctx, "SELECT bug, who FROM notify_reports", nil, func(rows *sql.Rows) error {
		var bug, who string
		err := rows.Scan(&bug, &who)
		reports[bug] = who
		return err
	})
	return reports, err
}

func (o *Outbox) each(ctx context.Context, query string, args []any, row func(*sql.Rows) error) error {
	rows, err := o.db.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
