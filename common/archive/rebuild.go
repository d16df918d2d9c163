package archive

import (
	"context"
	"fmt"
)

// rebuildStep is how many messages one transaction indexes.
const rebuildStep = 1000

// Rebuild makes all derived tables again from the messages that are kept: names,
// facets, counts, words and states, these on top of what dropped messages left.
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

// rebuild goes on with one that was interrupted, or begins.
func (a *Archive) rebuild(ctx context.Context, resume bool) error {
	meta, err := metaOf(ctx, a.db)
	if err != nil {
		return err
	}
	at := meta.rebuilt
	if !resume {
		at = a.state.base
		err := a.transact(ctx, func(t *transaction) {
			t.meta("index", 0)
			t.meta("rebuilt", at)
			for _, table := range derivedTables {
				t.run("DROP TABLE " + table)
			}
			if t.err == nil {
				_, t.err = t.tx.ExecContext(ctx, derived)
			}
			t.run("INSERT INTO states SELECT * FROM base_states")
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
				var sequence any
				if s.sequence.Valid {
					sequence = s.sequence.Int64
				}
				x.add(s.n, sequence, e)
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
	}
	return nil
}
