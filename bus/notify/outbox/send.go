package outbox

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"busbar/bus/notify/dest"
	"busbar/common/backoff"
)

// A Waiting note is one that is to be handed over now.
type Waiting struct {
	N        int64
	Attempts int
	Made     time.Time
	Note     dest.Note
	Paused   string // why nothing is sent to its address; empty: it is
}

// A Turn is one of a destination's: what became of its notes is stored, and others are
// taken, all in one transaction, since each is a write that waits for the disk.
type Turn struct {
	Way    string
	Now    time.Time
	Done   []Result
	GiveUp time.Duration   // how old a note may become
	Most   int             // notes that are taken at most
	Busy   map[string]bool // addresses to which none is
}

// Turn takes notes oldest first, at most one for each address. They are stored as handed
// over before it returns.
func (o *Outbox) Turn(ctx context.Context, t Turn) (list []Waiting, err error) {
	counts := map[Count]int64{}
	err = o.write(ctx, func(tx *sql.Tx) error {
		clear(counts)
		for _, r := range t.Done {
			if err := finish(ctx, tx, t.Way, t.Now, t.GiveUp, r, counts); err != nil {
				return err
			}
		}
		if err := putCounts(ctx, tx, counts); err != nil || t.Most <= 0 {
			return err
		}
		list, err = take(ctx, tx, t)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("storing what was sent by %s, and reading what is to be: %w", t.Way, err)
	}
	return list, nil
}

// oldest asks for what waits, one after the other. Of the indices it must be that one: by
// another, all that waits would be read and sorted in each turn.
const oldest = `SELECT n, n.address, attempts, made, note, coalesce(a.reason, '') FROM notify_notes n INDEXED BY notify_notes_open
	LEFT JOIN notify_addresses a ON a.way = n.way AND a.address = n.address AND a.paused > 0
	WHERE n.way = ? AND state = 0 AND next <= ? AND n.address NOT IN (SELECT value FROM json_each(?)) ORDER BY n LIMIT 2000`

func take(ctx context.Context, tx *sql.Tx, t Turn) (list []Waiting, err error) {
	busy, err := json.Marshal(slices.AppendSeq([]string{}, maps.Keys(t.Busy)))
	if err != nil {
		return nil, err
	}
	rows, err := tx.QueryContext(ctx, oldest, t.Way, t.Now.UnixMilli(), string(busy))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	taken := map[string]bool{}
	for len(list) < t.Most && rows.Next() {
		var w Waiting
		var address string
		var made int64
		var text []byte
		if err := rows.Scan(&w.N, &address, &w.Attempts, &made, &text, &w.Paused); err != nil {
			return nil, err
		}
		if taken[address] {
			continue
		}
		taken[address] = true
		if err := json.Unmarshal(text, &w.Note); err != nil {
			return nil, fmt.Errorf("note %d: %w", w.N, err)
		}
		w.Made = time.UnixMilli(made)
		list = append(list, w)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, err
	}
	for _, w := range list {
		if _, err := tx.ExecContext(ctx, "UPDATE notify_notes SET state = 3, attempts = attempts + 1 WHERE n = ?", w.N); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Next is when, after now, the next note of a destination may be tried; zero: none waits
// for a time.
func (o *Outbox) Next(ctx context.Context, way string, now time.Time) (time.Time, error) {
	var next sql.NullInt64
	err := o.db.QueryRowContext(ctx, "SELECT min(next) FROM notify_notes WHERE way = ? AND state = 0 AND next > ?", way, now.UnixMilli()).Scan(&next)
	if err != nil || !next.Valid {
		return time.Time{}, err
	}
	return time.UnixMilli(next.Int64), nil
}

// A Result is what became of a note.
type Result struct {
	Waiting
	Err error // nil: it was accepted
}

// retryOne are the pauses of a note that fails alone.
var retryOne = backoff.Times{First: 30 * time.Second, Most: 4 * time.Hour}

// inOrder is how long a note that fails holds up those that follow it to the same address.
// Then they go on: it may be the only one that fails there.
const inOrder = time.Hour

// maxRefused is how often in a row an address may refuse for good before it is paused.
const maxRefused = 4

func finish(ctx context.Context, tx *sql.Tx, way string, now time.Time, giveUp time.Duration, r Result, counts map[Count]int64) error {
	at := now.UnixMilli()
	if r.Err == nil {
		counts[Count{way, "sent"}]++
		if _, err := tx.ExecContext(ctx, "UPDATE notify_notes SET state = 1, done = ?, error = '', note = NULL WHERE n = ?", at, r.N); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "DELETE FROM notify_addresses WHERE way = ? AND address = ? AND paused = 0", way, r.Note.To)
		return err
	}
	f := dest.FateOf(r.Err)
	text := strings.ToValidUTF8(r.Err.Error(), "\ufffd")
	if len(text) > 500 {
		text = strings.ToValidUTF8(text[:500], "")
	}
	unsure := 0
	if f.Unsure {
		unsure = 1
		counts[Count{way, "unsure"}]++
	}
	refused := f.Fate == dest.Dead || f.Fate == dest.Gone
	if refused || now.Sub(r.Made) > giveUp {
		counts[Count{way, "failed"}]++
		if _, err := tx.ExecContext(ctx, "UPDATE notify_notes SET state = 2, done = ?, error = ?, unsure = unsure + ? WHERE n = ?", at, text, unsure, r.N); err != nil {
			return err
		}
		if !refused || r.Paused != "" {
			return nil
		}
		need := maxRefused
		if f.Fate == dest.Gone {
			need = 1
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO notify_addresses VALUES (?, ?, 1, iif(? <= 1, ?, 0), ?)
			ON CONFLICT DO UPDATE SET failures = failures + 1, reason = excluded.reason, paused = iif(paused > 0, paused, iif(failures + 1 >= ?, ?, 0))`, way, r.Note.To, need, at, text, need, at)
		return err
	}
	next := now
	if f.Fate == dest.RetryOne {
		next = now.Add(max(f.Wait, backoff.Spread(retryOne.After(r.Attempts+1))))
	}
	if next.After(now) && now.Sub(r.Made) < inOrder {
		if _, err := tx.ExecContext(ctx, "UPDATE notify_notes SET next = ? WHERE way = ? AND address = ? AND state = 0 AND next < ?", next.UnixMilli(), way, r.Note.To, next.UnixMilli()); err != nil {
			return err
		}
	}
	counts[Count{way, "retried"}]++
	_, err := tx.ExecContext(ctx, "UPDATE notify_notes SET state = 0, next = ?, error = ?, unsure = unsure + ? WHERE n = ?", next.UnixMilli(), text, unsure, r.N)
	return err
}
