package outbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// A Record is a note as people look at it.
type Record struct {
	ID       string    `json:"id"`
	Way      string    `json:"way"`
	To       string    `json:"to"`
	Person   string    `json:"person"`
	Kind     string    `json:"kind"`
	Rule     string    `json:"rule"`
	Subject  string    `json:"subject"`
	State    string    `json:"state"` // waiting, sent, dead or handed over
	Made     time.Time `json:"made"`
	Done     time.Time `json:"done,omitzero"`
	Attempts int       `json:"attempts"`
	Unsure   int       `json:"unsure,omitempty"` // how often nobody knew whether it arrived
	Error    string    `json:"error,omitempty"`
}

var states = [...]string{waiting: "waiting", sent: "sent", dead: "dead", handed: "handed over"}

// maxRecords bounds one answer.
const maxRecords = 1000

// Dead are dead letters, oldest first.
func (o *Outbox) Dead(ctx context.Context) ([]Record, error) {
	return o.records(ctx, "state = 2 ORDER BY n LIMIT ?", maxRecords)
}

// History is what was made for a person, who may have two names, newest first.
func (o *Outbox) History(ctx context.Context, person, also string, most int) ([]Record, error) {
	return o.records(ctx, "person IN (?, ?) ORDER BY n DESC LIMIT ?", person, also, min(most, maxRecords))
}

// About is what was made of an event.
func (o *Outbox) About(ctx context.Context, event string) ([]Record, error) {
	return o.records(ctx, "n IN (SELECT note FROM notify_events WHERE event = ?) ORDER BY n LIMIT ?", event, maxRecords)
}

func (o *Outbox) records(ctx context.Context, where string, args ...any) ([]Record, error) {
	var list []Record
	err := o.each(ctx, "SELECT id, way, address, person, kind, rule, subject, state, made, done, attempts, unsure, error FROM notify_notes WHERE "+where, args, func(rows *sql.Rows) error {
		var r Record
		var state, made, done int64
		if err := rows.Scan(&r.ID, &r.Way, &r.To, &r.Person, &r.Kind, &r.Rule, &r.Subject, &state, &made, &done, &r.Attempts, &r.Unsure, &r.Error); err != nil {
			return err
		}
		r.State, r.Made = states[state], time.UnixMilli(made).UTC()
		if done > 0 {
			r.Done = time.UnixMilli(done).UTC()
		}
		list = append(list, r)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the outbox: %w", err)
	}
	return list, nil
}

// Said tells whether a person was told of an event at an address.
func (o *Outbox) Said(ctx context.Context, k Key, event string) (bool, error) {
	var n int
	err := o.db.QueryRowContext(ctx, `SELECT count(*) FROM notify_events e JOIN notify_notes n ON n.n = e.note
		WHERE e.event = ? AND n.person = ? AND n.way = ? AND n.address = ?`, event, k.Person, k.Way, k.To).Scan(&n)
	return n > 0, err
}

// Revive has dead letters tried again, and their addresses, if those are paused. No ids:
// all. It gives how many.
func (o *Outbox) Revive(ctx context.Context, ids ...string) (n int64, err error) {
	err = o.dead(ctx, ids, func(tx *sql.Tx, which string, args []any) error {
		if _, err := tx.ExecContext(ctx, "DELETE FROM notify_addresses WHERE (way, address) IN (SELECT way, address FROM notify_notes WHERE "+which+")", args...); err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx, "UPDATE notify_notes SET state = 0, next = 0, done = 0, attempts = 0, made = ? WHERE "+which, append([]any{time.Now().UnixMilli()}, args...)...)
		if err == nil {
			var some int64
			some, err = res.RowsAffected()
			n += some
		}
		return err
	})
	return n, err
}

// Drop forgets dead letters. No ids: all.
func (o *Outbox) Drop(ctx context.Context, ids ...string) (n int64, err error) {
	err = o.dead(ctx, ids, func(tx *sql.Tx, which string, args []any) error {
		if _, err := tx.ExecContext(ctx, "DELETE FROM notify_events WHERE note IN (SELECT n FROM notify_notes WHERE "+which+")", args...); err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx, "DELETE FROM notify_notes WHERE "+which, args...)
		if err == nil {
			var some int64
			some, err = res.RowsAffected()
			n += some
		}
		return err
	})
	return n, err
}

// dead does something with all dead letters, or with some: an id that is none of one is an
// error, and nothing is done.
func (o *Outbox) dead(ctx context.Context, ids []string, do func(tx *sql.Tx, which string, args []any) error) error {
	return o.write(ctx, func(tx *sql.Tx) error {
		if len(ids) == 0 {
			return do(tx, "state = 2", nil)
		}
		for _, id := range ids {
			var n int
			if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM notify_notes WHERE id = ? AND state = 2", id).Scan(&n); err != nil {
				return err
			}
			if n == 0 {
				return fmt.Errorf("there is no dead letter %s", id)
			}
			if err := do(tx, "id = ? AND state = 2", []any{id}); err != nil {
				return err
			}
		}
		return nil
	})
}

// A Paused address gets nothing until a person resumes it.
type Paused struct {
	Way    string    `json:"way"`
	To     string    `json:"to"`
	Since  time.Time `json:"since"`
	Reason string    `json:"reason"`
}

// Paused are the addresses that are.
func (o *Outbox) Paused(ctx context.Context) ([]Paused, error) {
	var list []Paused
	err := o.each(ctx, "SELECT way, address, paused, reason FROM notify_addresses WHERE paused > 0 ORDER BY way, address LIMIT ?", []any{maxRecords}, func(rows *sql.Rows) error {
		var p Paused
		var at int64
		err := rows.Scan(&p.Way, &p.To, &at, &p.Reason)
		p.Since = time.UnixMilli(at).UTC()
		list = append(list, p)
		return err
	})
	return list, err
}

// PausedAt is an address, if it is paused.
func (o *Outbox) PausedAt(ctx context.Context, way, to string) (p Paused, ok bool, err error) {
	var at int64
	err = o.db.QueryRowContext(ctx, "SELECT paused, reason FROM notify_addresses WHERE way = ? AND address = ? AND paused > 0", way, to).Scan(&at, &p.Reason)
	if errors.Is(err, sql.ErrNoRows) {
		return p, false, nil
	}
	p.Way, p.To, p.Since = way, to, time.UnixMilli(at).UTC()
	return p, err == nil, err
}

// A Tally is how many notes there are of a destination.
type Tally struct {
	Waiting int64            `json:"waiting"`
	Dead    int64            `json:"dead"`
	Oldest  time.Time        `json:"oldest,omitzero"` // of those that wait
	Counts  map[string]int64 `json:"counts"`          // since the outbox was made
}

// Tallies are those of all destinations; that of "" counts what belongs to none.
func (o *Outbox) Tallies(ctx context.Context) (map[string]*Tally, error) {
	all := map[string]*Tally{}
	of := func(way string) *Tally {
		if all[way] == nil {
			all[way] = &Tally{Counts: map[string]int64{}}
		}
		return all[way]
	}
	err := o.each(ctx, "SELECT way, what, n FROM notify_counts", nil, func(rows *sql.Rows) error {
		var c Count
		var n int64
		err := rows.Scan(&c.Way, &c.What, &n)
		of(c.Way).Counts[c.What] = n
		return err
	})
	if err == nil {
		err = o.each(ctx, "SELECT way, count(*), min(made) FROM notify_notes WHERE state IN (0, 3) GROUP BY way", nil, func(rows *sql.Rows) error {
			var way string
			var n, oldest int64
			err := rows.Scan(&way, &n, &oldest)
			of(way).Waiting, of(way).Oldest = n, time.UnixMilli(oldest).UTC()
			return err
		})
	}
	if err == nil {
		err = o.each(ctx, "SELECT way, count(*) FROM notify_notes WHERE state = 2 GROUP BY way", nil, func(rows *sql.Rows) error {
			var way string
			var n int64
			err := rows.Scan(&way, &n)
			of(way).Dead = n
			return err
		})
	}
	return all, err
}

// Forget drops what was sent before a time, at most so many notes; more says that there
// are others.
func (o *Outbox) Forget(ctx context.Context, before time.Time, most int) (more bool, err error) {
	err = o.write(ctx, func(tx *sql.Tx) error {
		const which = "SELECT n FROM notify_notes WHERE state = 1 AND done < ? LIMIT ?"
		if _, err := tx.ExecContext(ctx, "DELETE FROM notify_events WHERE note IN ("+which+")", before.UnixMilli(), most); err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx, "DELETE FROM notify_notes WHERE n IN ("+which+")", before.UnixMilli(), most)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		more = n == int64(most)
		return err
	})
	return more, err
}
