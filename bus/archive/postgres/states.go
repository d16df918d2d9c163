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
		queue(&b, s)
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

// longest is how long a key may be: index rows are short.
const longest = 1000

func queue(b *pgx.Batch, s archive.State) {
	if len(s.Key) <= longest && len(s.Package) <= longest {
		b.Queue(putState, s.Kind, plain(s.Key), plain(s.Package), s.Gone, s.N, s.Time, withoutNUL(s.Value))
	}
}

// allStates stores all of them, and makes the views.
func (c *Copy) allStates(ctx context.Context, tx pgx.Tx) error {
	err := bounded(ctx, func(ctx context.Context) error {
		_, err := tx.Exec(ctx, "TRUNCATE states; "+views(c.o.States))
		return err
	})
	if err != nil {
		return fmt.Errorf("making the views: %w", err)
	}
	for _, p := range c.o.States.Projections() {
		for after := ""; ; {
			list, _, err := c.o.Reader.States(ctx, archive.StateQuery{Kind: p.Kind, Gone: true, After: after, Limit: batch})
			if err != nil {
				return err
			}
			if len(list) == 0 {
				break
			}
			var b pgx.Batch
			for _, s := range list {
				queue(&b, s)
			}
			if err := bounded(ctx, func(ctx context.Context) error { return tx.SendBatch(ctx, &b).Close() }); err != nil {
				return fmt.Errorf("storing states: %w", err)
			}
			after = list[len(list)-1].Key
		}
	}
	return bounded(ctx, func(ctx context.Context) error {
		_, err := tx.Exec(ctx, "UPDATE meta SET value = $1 WHERE name = 'states'", c.o.States.Version())
		return err
	})
}

// bounded does a step with the server, for which it has patience.
func bounded(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("the server took longer than %s", patience))
	defer cancel()
	return do(ctx)
}
