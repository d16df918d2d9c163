package journal

import (
	"context"
	"fmt"
	"maps"
)

// Begin says where a way out begins that the journal does not know yet.
type Begin int

const (
	FromStart Begin = iota // with the oldest message that is kept
	FromNow                // with the next one
)

// Use says that this process has a sink: retention keeps what it has not got,
// also before OpenSink.
func (j *Journal) Use(sink string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.used[sink] = true
}

// OpenSink gives the cursor of a sink, the number of the last message that it
// has. For a new one a cursor is stored first, so that it begins there also
// after a crash.
func (j *Journal) OpenSink(ctx context.Context, sink string, begin Begin) (seq int64, err error) {
	if sink == "" {
		return 0, fmt.Errorf("opening a sink of journal %s: it has no name", j.o.Path)
	}
	j.Use(sink)
	if seq, known := j.waitingCursors()[sink]; known {
		return seq, nil
	}
	cursors, err := j.reader.Cursors(ctx) // by the reader: a full disk stops no sink
	if err != nil {
		return 0, err
	}
	if seq, known := cursors[sink]; known {
		return seq, nil
	}
	begins := make(chan int64, 1) // nobody may listen any more: ctx may end first
	err = j.do(ctx, func() error {
		at := j.state.baseSeq
		if begin == FromNow {
			at = j.state.headSeq
		}
		begins <- at
		return explain(j.transact(context.Background(), func(t *transaction) { t.run(j.sql.cursor, sink, at, j.o.Now().Unix()) }))
	})
	if err != nil {
		return 0, fmt.Errorf("storing where sink %s begins in journal %s: %w", sink, j.o.Path, err)
	}
	return <-begins, nil
}

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
