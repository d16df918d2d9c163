package journal

import (
	"context"
	"fmt"
	"maps"
)

// SetCursor says that sink has everything up to seq. It is stored within about
// a second, or with the next record, and at Close: a sink that finds an older
// cursor after a crash tells a little again, under the same ids. A smaller seq
// sets the cursor back. It must not be called from a done.
func (j *Journal) SetCursor(ctx context.Context, sink string, seq int64) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if sink == "" || seq < 0 || seq > j.head {
		return fmt.Errorf("setting the cursor of sink %q in journal %s to %d: the sink must have a name, and the newest message is %d",
			sink, j.o.Path, seq, j.head)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	j.cursors[sink] = seq
	return nil
}

// ForgetCursor removes a sink that is no more, so that it holds back retention
// no longer.
func (j *Journal) ForgetCursor(ctx context.Context, sink string) error {
	err := j.do(ctx, func() error {
		j.mu.Lock()
		delete(j.cursors, sink)
		j.mu.Unlock()
		_, err := j.db.ExecContext(context.Background(), "DELETE FROM cursors WHERE sink = ?", sink)
		return explain(err)
	})
	if err != nil {
		return fmt.Errorf("forgetting the cursor of %s in journal %s: %w", sink, j.o.Path, err)
	}
	return nil
}

func (j *Journal) waitingCursors() map[string]int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.cursors) == 0 {
		return nil
	}
	return maps.Clone(j.cursors)
}

// storedCursors forgets those that have not moved since they were taken.
func (j *Journal) storedCursors(stored map[string]int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for sink, seq := range stored {
		if j.cursors[sink] == seq {
			delete(j.cursors, sink)
		}
	}
}

func (j *Journal) storeCursors() error {
	if len(j.waitingCursors()) == 0 {
		return nil
	}
	return explain(j.transact(context.Background(), func(*transaction) {}))
}
