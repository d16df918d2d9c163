package postgres

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	"github.com/jackc/pgx/v5"

	"busbar/common/archive"
)

// A thing is one that has a state.
type thing struct{ kind, key string }

// putState stores a state; one that PostgreSQL cannot have is empty.
const putState = `INSERT INTO states (kind, key, package, gone, arrival, happened, value) VALUES ($1, $2, $3, $4, $5, $6, coalesce(as_json($7), '{}'))
	ON CONFLICT (kind, key) DO UPDATE SET package = excluded.package, gone = excluded.gone, arrival = excluded.arrival,
		happened = excluded.happened, value = excluded.value`

// changedStates stores the states of things as the archive has them now, which may be
// newer than the messages that are copied: what changes them more is copied later.
func (c *Copy) changedStates(ctx context.Context, tx pgx.Tx, changed map[thing]bool) error {
	var b pgx.Batch
	for t := range changed {
		s, err := c.o.Reader.StateOf(ctx, t.kind, t.key)
		if errors.Is(err, archive.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if row := stateRow(s); row != nil {
			b.Queue(putState, row...)
		}
	}
	if err := tx.SendBatch(ctx, &b).Close(); err != nil {
		return fmt.Errorf("storing states: %w", err)
	}
	return nil
}

// escape is one of JSON: read from the left, so that a backslash that is escaped itself
// begins none.
var escape = regexp.MustCompile(`\\(?:u0000|.)`)

// withoutNUL is JSON with another character for each NUL, which PostgreSQL cannot have.
func withoutNUL(text string) string {
	return escape.ReplaceAllStringFunc(text, func(e string) string {
		if e == `\u0000` {
			return `\ufffd`
		}
		return e
	})
}

// longest is how long a key, a topic or a publisher may be: index rows are short.
const longest = 1000

var stateColumns = []string{"kind", "key", "package", "gone", "arrival", "happened", "value"}

// stateRow is a state as its row; nil where its key is too long.
func stateRow(s archive.State) []any {
	if len(s.Key) > longest || len(s.Package) > longest {
		return nil
	}
	return []any{s.Kind, plain(s.Key), plain(s.Package), s.Gone, s.N, s.Time, withoutNUL(s.Value)}
}

// perRead is how many states are read at once, within the reader's time for a question.
const perRead = 500

// allStates stores all of them, and makes the views. What arrived before it began changes
// none of them later.
func (c *Copy) allStates(ctx context.Context, tx pgx.Tx) error {
	_, newest, err := c.o.Reader.Range(ctx)
	if err != nil {
		return err
	}
	err = bounded(ctx, func(ctx context.Context) error {
		_, err := tx.Exec(ctx, "TRUNCATE states; "+views(c.o.States))
		return err
	})
	if err != nil {
		return fmt.Errorf("making the views: %w", err)
	}
	for _, p := range c.o.States.Projections() {
		for after := ""; ; {
			list, _, err := c.o.Reader.States(ctx, archive.StateQuery{Kind: p.Kind, Gone: true, After: after, Limit: perRead})
			if err != nil {
				return err
			}
			if len(list) == 0 {
				break
			}
			if err := bounded(ctx, func(ctx context.Context) error { return newStates(ctx, tx, list) }); err != nil {
				return fmt.Errorf("storing states: %w", err)
			}
			after = list[len(list)-1].Key
		}
	}
	return bounded(ctx, func(ctx context.Context) error {
		c.stated = newest
		_, err := tx.Exec(ctx, `INSERT INTO meta VALUES ('states', $1), ('stated', $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
			c.o.States.Version(), fmt.Sprint(newest))
		return err
	})
}

// newStates stores states that are not there yet: at once, or, where one is what the server
// cannot take, each by itself.
func newStates(ctx context.Context, tx pgx.Tx, list []archive.State) error {
	var rows [][]any
	for _, s := range list {
		if row := stateRow(s); row != nil {
			rows = append(rows, row)
		}
	}
	err := pgx.BeginFunc(ctx, tx, func(part pgx.Tx) error {
		_, err := part.CopyFrom(ctx, pgx.Identifier{"states"}, stateColumns, pgx.CopyFromRows(rows))
		return err
	})
	if !dataFault(err) {
		return err
	}
	var b pgx.Batch
	for _, row := range rows {
		b.Queue(putState, row...)
	}
	return tx.SendBatch(ctx, &b).Close()
}

// bounded does a step with the server, for which it has patience.
func bounded(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("the server took longer than %s", patience))
	defer cancel()
	return do(ctx)
}
