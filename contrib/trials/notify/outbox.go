package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"busbar/common/event"
	"busbar/common/sqlfile"
	"busbar/contrib/trials/trial"
)

// A note is one of the outbox.
type note struct {
	id, way, to, person, kind, subject string
	event                              string // of a single one
	made, done                         time.Time
	sent                               bool
	unsure                             int // how often nobody knew whether it had arrived
}

func read(ctx context.Context, path string, query string, row func(*sql.Rows) error) (err error) {
	db, err := sqlfile.Open(path, 1, url.Values{"mode": {"ro"}, "_pragma": {"busy_timeout(20000)"}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return fmt.Errorf("reading the outbox: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows); err != nil {
			return fmt.Errorf("reading the outbox: %w", err)
		}
	}
	return rows.Err()
}

// outbox is what the program's file has of notes, in the order in which they were made.
func outbox(ctx context.Context, path string) (list []note, err error) {
	err = read(ctx, path, `SELECT id, way, address, person, kind, subject, made, done, state = 1, unsure,
		iif(kind = 'single', coalesce((SELECT min(event) FROM notify_events WHERE note = n), ''), '') FROM notify_notes ORDER BY n`, func(rows *sql.Rows) error {
		var n note
		var made, done int64
		err := rows.Scan(&n.id, &n.way, &n.to, &n.person, &n.kind, &n.subject, &made, &done, &n.sent, &n.unsure, &n.event)
		n.made, n.done = time.UnixMilli(made), time.UnixMilli(done)
		list = append(list, n)
		return err
	})
	return list, err
}

// allSent waits until at least so many notes are made, and all are sent.
func (p *play) allSent(ctx context.Context, notes int, patience time.Duration) error {
	begun := false
	return trial.Await(ctx, "all notes to be sent", patience, func() (bool, error) {
		made, left := 0, 0
		err := read(ctx, p.outbox(), "SELECT count(*), coalesce(sum(state <> 1), 0) FROM notify_notes", func(rows *sql.Rows) error { return rows.Scan(&made, &left) })
		if err != nil && !begun {
			return false, trial.Pause(ctx, look) // the program has not made the file yet
		}
		begun = true
		return made >= notes && left == 0, errors.Join(err, trial.Pause(ctx, look))
	})
}

// look is how often the program is looked at: rarely, since it must answer.
const look = 500 * time.Millisecond

// held is how many events wait in each person's box.
func held(ctx context.Context, path string) (map[string]int, error) {
	by := map[string]int{}
	err := read(ctx, path, `SELECT person, state, (SELECT count(*) FROM notify_items i WHERE i.box = b.box AND i.key = b.key)
		FROM notify_buckets b JOIN notify_boxes ON id = b.box`, func(rows *sql.Rows) error {
		var person, text string
		var items int
		if err := rows.Scan(&person, &text, &items); err != nil {
			return err
		}
		var state struct{ More int }
		err := json.Unmarshal([]byte(text), &state)
		by[person] += items + state.More
		return err
	})
	return by, err
}

// numbers are the events' own, by the id of their messages.
func numbers(ctx context.Context, p *trial.Publisher) (map[string]int, error) {
	by := map[string]int{}
	err := trial.Messages(ctx, p.File, func(_ string, e event.Envelope) {
		n := e.Msg
		if body, ok := n.(map[string]any); ok {
			n = body["n"]
		}
		by[e.MsgID] = int(event.Integer(n))
	})
	return by, err
}
