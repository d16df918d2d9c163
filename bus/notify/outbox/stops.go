package outbox

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// A Stop is that a person ended a rule at one of their addresses, by the link in a note.
type Stop struct {
	Person string    `json:"person"`
	Rule   string    `json:"rule"`
	Way    string    `json:"way"`
	To     string    `json:"to"`
	Since  time.Time `json:"since,omitzero"`
}

const stopSchema = `
	CREATE TABLE IF NOT EXISTS notify_stops (
		person TEXT NOT NULL, rule TEXT NOT NULL, way TEXT NOT NULL, address TEXT NOT NULL,
		since INTEGER NOT NULL,
		PRIMARY KEY (person, rule, way, address)) WITHOUT ROWID;
	CREATE TABLE IF NOT EXISTS notify_secret (secret BLOB NOT NULL);`

// Secret is the key of this outbox, with which links are signed. It is made once.
func (o *Outbox) Secret(ctx context.Context) (secret []byte, err error) {
	err = o.write(ctx, func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, "SELECT secret FROM notify_secret LIMIT 1").Scan(&secret)
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		secret = make([]byte, 32)
		if _, err := rand.Read(secret); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "INSERT INTO notify_secret VALUES (?)", secret)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the outbox's key: %w", err)
	}
	return secret, nil
}

// Stop stores one. It may be stored already.
func (o *Outbox) Stop(ctx context.Context, s Stop) error {
	_, err := o.db.ExecContext(ctx, "INSERT OR IGNORE INTO notify_stops VALUES (?, ?, ?, ?, ?)", s.Person, s.Rule, s.Way, s.To, time.Now().UnixMilli())
	if err != nil {
		return fmt.Errorf("storing that a rule is ended: %w", err)
	}
	return nil
}

// Stops are all of them.
func (o *Outbox) Stops(ctx context.Context) ([]Stop, error) {
	var list []Stop
	err := o.each(ctx, "SELECT person, rule, way, address, since FROM notify_stops ORDER BY person, rule", nil, func(rows *sql.Rows) error {
		var s Stop
		var since int64
		err := rows.Scan(&s.Person, &s.Rule, &s.Way, &s.To, &since)
		s.Since = time.UnixMilli(since).UTC()
		list = append(list, s)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading which rules are ended: %w", err)
	}
	return list, nil
}

// ResumeIn forgets, within a transaction, that a rule was ended at an address, whoever's
// it is.
func ResumeIn(ctx context.Context, tx *sql.Tx, rule, way, to string) error {
	_, err := tx.ExecContext(ctx, "DELETE FROM notify_stops WHERE rule = ? AND way = ? AND address = ?", rule, way, to)
	return err
}

// Resume forgets what a person ended, and gives how much that was.
func (o *Outbox) Resume(ctx context.Context, person string) (int64, error) {
	res, err := o.db.ExecContext(ctx, "DELETE FROM notify_stops WHERE person = ?", person)
	if err != nil {
		return 0, fmt.Errorf("resuming rules: %w", err)
	}
	return res.RowsAffected()
}
