package journal

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// A group is what one transaction, and so one fsync, carries.
const (
	maxGroup      = 256
	maxGroupBytes = 8 << 20 // of items
)

// cursorDelay is how long a cursor may wait for the next transaction.
const cursorDelay = time.Second

// write is the writer's goroutine: it takes all that is queued, stores it in
// one transaction, and answers.
func (j *Journal) write() {
	defer close(j.closed)
	tick := time.NewTicker(cursorDelay)
	defer tick.Stop()
	for {
		select {
		case first, ok := <-j.queue:
			if !ok {
				j.flush()
				return
			}
			j.serve(first)
		case <-tick.C:
			j.flush()
		}
	}
}

// serve stores first and what is queued behind it, up to other work.
func (j *Journal) serve(first job) {
	group, size := []job{}, 0
	for next, ok := first, true; ok; {
		if next.work != nil {
			j.store(group)
			next.done(Result{}, j.guarded(next.work))
			return
		}
		group = append(group, next)
		size += len(next.record.Item)
		if len(group) == maxGroup || size >= maxGroupBytes {
			break
		}
		select {
		case next, ok = <-j.queue:
		default:
			ok = false
		}
	}
	j.store(group)
}

// guarded is work between two looks at the files.
func (j *Journal) guarded(work func() error) error {
	ctx := context.Background()
	if err := j.before(ctx); err != nil {
		return err
	}
	err := work()
	if err == nil {
		err = j.after(ctx)
	} else {
		_, serr := j.watch.stamps()
		err = errors.Join(err, serr)
	}
	return err
}

// flush stores the cursors alone, and looks at the files also when there are
// none.
func (j *Journal) flush() {
	if j.before(context.Background()) != nil {
		return // it was said
	}
	j.settle()
	j.tryAgain()
	if len(j.waitingCursors()) == 0 {
		return
	}
	if err := j.guarded(j.storeCursors); err != nil {
		j.o.Log.Warn("cursors could not be stored; trying again", "error", err)
	}
}

// tryAgain clears the error where what could not be stored comes no more: a small
// write succeeds again.
func (j *Journal) tryAgain() {
	if j.damage != nil || j.Err() == nil {
		return
	}
	err := j.guarded(func() error {
		return j.transact(context.Background(), func(t *transaction) { t.run(j.sql.meta, j.state.baseSeq, "base_seq") })
	})
	if err == nil && j.damage == nil {
		j.setErr(nil)
	}
}

// settle moves what the log holds into the journal once nothing has come between
// two ticks: the less lives in the log alone, the less goes with it.
func (j *Journal) settle() {
	quiet := j.stored == j.ticked
	j.ticked = j.stored
	if !quiet || j.stored == j.settled {
		return
	}
	err := j.guarded(func() error {
		_, err := j.db.Exec("PRAGMA wal_checkpoint(PASSIVE)")
		return err
	})
	if err == nil {
		j.settled = j.stored
	}
}

// store gives each job of the group its answer.
func (j *Journal) store(group []job) {
	if len(group) == 0 {
		return
	}
	ctx := context.Background() // the group is not one caller's
	b := &batch{parts: make([]part, len(group))}
	err := j.before(ctx)
	if err == nil {
		b = j.draft(ctx, group)
		defer b.sealer.end()
		err = b.err
	}
	if err == nil {
		err = j.commit(ctx, b)
		j.stored++
	}
	if err == nil {
		err = j.after(ctx)
	} else if j.damage == nil {
		_, serr := j.watch.stamps() // a transaction that failed may have written
		err = errors.Join(explain(err), serr)
		if errors.Is(err, ErrCorrupt) || errors.Is(err, ErrForeign) || serr != nil {
			err = j.damaged(ctx, err)
		}
	}
	if err != nil {
		err = fmt.Errorf("appending to journal %s: %w", j.o.Path, err)
		if j.damage == nil {
			err = errors.Join(err, j.reload(ctx))
		}
	} else if b.state.headSeq > j.state.headSeq {
		j.advance(b)
	} else {
		j.state = b.state
	}
	j.setErr(err)
	if err == nil {
		j.logDropped(b.dropped)
	}
	for i, next := range group {
		switch p := b.parts[i]; {
		case p.err != nil:
			next.done(Result{}, fmt.Errorf("appending to journal %s: %w", j.o.Path, p.err))
		case err != nil:
			next.done(Result{}, err)
		default:
			next.done(p.result, nil)
		}
	}
}

// advance tells those who wait that there are new messages.
func (j *Journal) advance(b *batch) {
	j.state = b.state
	j.mu.Lock()
	defer j.mu.Unlock()
	j.head = b.state.headSeq
	close(j.changed)
	j.changed = make(chan struct{})
}

// reload reads where the sequence stands after a failed transaction: the file
// alone knows.
func (j *Journal) reload(ctx context.Context) error {
	s, err := loadState(ctx, j.db)
	if err != nil {
		return fmt.Errorf("reading where the sequence stands: %w", err)
	}
	s.Identity = j.o.Identity
	j.state = s
	return nil
}

// logDropped logs the poison that was dropped to make room.
func (j *Journal) logDropped(dropped []droppedPoison) {
	for _, d := range dropped {
		j.o.Log.Warn("poison dropped: the limits of [bus] poison_items and poison_size are reached", "path", j.o.Path, "origin", d.origin, "digest", d.digest,
			"bytes", d.size, "translator", d.translator, "reason", d.reason)
	}
}
