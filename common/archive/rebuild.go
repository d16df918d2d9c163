package archive

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// rebuildStep is how many messages one transaction indexes.
const rebuildStep = 1000

// Rebuild makes all derived tables again from the messages that are kept: names,
// counts, words and states, these on top of what dropped messages left.
// Questions meanwhile find less; if it is interrupted, the next Open goes on.
func (a *Archive) Rebuild(ctx context.Context) error {
	a.writing.Lock()
	defer a.writing.Unlock()
	if err := a.rebuild(ctx, false); err != nil {
		a.partial = err
		return fmt.Errorf("making the indices of archive %s again: %w", a.o.Path, err)
	}
	return nil
}

// Rebuilt is up to which arrival the derived tables are made, while Rebuild makes them,
// and the newest arrival.
func (r *Reader) Rebuilt(ctx context.Context) (at, newest int64, err error) {
	meta, err := metaOf(ctx, r.db)
	return meta.rebuilt, meta.newest, r.fail(err, "reading how far the indices are")
}

// rebuild goes on with one that was interrupted, or begins.
func (a *Archive) rebuild(ctx context.Context, resume bool) error {
	meta, err := metaOf(ctx, a.db)
	if err != nil {
		return err
	}
	at := meta.rebuilt
	if !resume {
		at = a.extent.base
		err := a.transact(ctx, func(t *transaction) {
			t.meta("index", -indexVersion)
			t.meta("rebuilt", at)
			for _, table := range derivedTables {
				t.long("DROP TABLE IF EXISTS " + table)
			}
			if t.err == nil {
				t.err = dropViews(ctx, t.tx)
			}
			t.long(derived + views(a.o.States))
			t.run("UPDATE meta SET value = ? WHERE name = 'states'", a.o.States.Version())
			t.long("INSERT INTO states SELECT * FROM base_states")
		})
		if err != nil {
			return err
		}
	}
	a.known = known{}
	for done := false; !done; {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := a.transact(ctx, func(t *transaction) {
			rows := t.stored("SELECT "+storedColumns+" FROM messages WHERE n > ? ORDER BY n LIMIT ?", at, rebuildStep)
			done = len(rows) < rebuildStep
			x := newIndexer(t, &a.known)
			for _, s := range rows {
				_, e, ok := t.envelope(s)
				if !ok {
					return
				}
				x.add(s.n, e, foundBy(e, a.o.States))
				at = s.n
			}
			x.flush()
			t.meta("rebuilt", at)
			if done {
				t.meta("index", indexVersion)
			}
		})
		if err != nil {
			return err
		}
		if a.o.Making != nil {
			a.o.Making(at, a.extent.newest)
		}
	}
	return nil
}

// dropViews drops the views of projections, also of those that are no more.
func dropViews(ctx context.Context, tx *sql.Tx) error {
	list, err := collect(ctx, tx, func(scan func(...any) error, name *string) error { return scan(name) },
		`SELECT name FROM sqlite_master WHERE type = 'view' AND name GLOB 'bus_*'`)
	for _, name := range list {
		if err == nil {
			_, err = tx.ExecContext(ctx, `DROP VIEW "`+strings.ReplaceAll(name, `"`, `""`)+`"`)
		}
	}
	return err
}
