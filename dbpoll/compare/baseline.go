package compare

import (
	"context"
	"errors"
	"fmt"

	"busbar/common/event"
	"busbar/dbpoll/database"
)

// batch is how many rows of a baseline are stored at once, and about how many
// bytes.
const (
	batch      = 2000
	batchBytes = 4 << 20
)

// Baseline takes note of every row and publishes nothing. One that was interrupted
// is begun again.
func (st *State) Baseline(ctx context.Context, snap *database.Snapshot, store func([]event.State) error) (err error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	count, err := snap.Count(ctx, st.table)
	if err != nil {
		return err
	}
	st.whole.Store(int64(count))
	st.spread(snap, count)
	known := len(st.rows)+len(st.extra) > 0
	st.begin(nil)
	behind := storing{store: store}
	defer func() { err = errors.Join(err, behind.wait()) }()
	add := behind.add
	err = snap.Full(ctx, st.table, func(r database.Row) error {
		joined := joinKey(r.Key)
		n := nameOf(joined)
		if known, ok := st.rows[n]; ok && known.pass == st.pass {
			return fmt.Errorf("two rows have the key %s: choose columns that name one row each, as [[table]] key", shown(r.Key))
		}
		st.saw(r.Digest)
		st.put(n, note{digest: r.Digest.Columns, pass: st.pass, bucket: placed(r.Digest)})
		return add(st.seen(joined, r.Columns, r.Bytes, r.Digest.Columns, 0, ""))
	})
	if err != nil {
		return err
	}
	if known { // by one that was interrupted
		if err := behind.wait(); err != nil {
			return err
		}
		err = st.reader.EachState(ctx, st.source, func(joined string, _ []byte) error {
			n := nameOf(joined)
			if known, ok := st.rows[n]; ok && known.pass != st.pass {
				st.drop(n)
				return add(event.State{Source: st.source, Key: joined})
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	if err := add(event.State{Source: baselines, Key: st.source, Value: []byte{1}}); err != nil {
		return err
	}
	if err := behind.flush(); err != nil {
		return err
	}
	if err := behind.wait(); err != nil {
		return err
	}
	st.complete = true
	return nil
}

// storing stores rows in batches, each while the next is read.
type storing struct {
	store   func([]event.State) error
	some    []event.State
	bytes   int
	pending chan error // of the batch that is being stored; nil: there is none
}

func (s *storing) add(row event.State) error {
	s.some, s.bytes = append(s.some, row), s.bytes+len(row.Key)+len(row.Value)
	if len(s.some) < batch && s.bytes < batchBytes {
		return nil
	}
	return s.flush()
}

// flush begins to store what there is. Its error is that of the batch before.
func (s *storing) flush() error {
	if err := s.wait(); err != nil || len(s.some) == 0 {
		return err
	}
	some, pending := s.some, make(chan error, 1)
	s.some, s.bytes, s.pending = make([]event.State, 0, len(some)), 0, pending
	go func() { pending <- s.store(some) }()
	return nil
}

// wait waits until nothing is being stored.
func (s *storing) wait() error {
	if s.pending == nil {
		return nil
	}
	err := <-s.pending
	s.pending = nil
	return err
}

// Whole is how many rows the table had when its baseline was begun.
func (st *State) Whole() int64 { return st.whole.Load() }

// Begin declares that nothing was there when the table was first seen: all its
// rows are news.
func (st *State) Begin(store func([]event.State) error) error {
	if err := store([]event.State{{Source: baselines, Key: st.source, Value: []byte{1}}}); err != nil {
		return err
	}
	st.complete = true
	return nil
}
