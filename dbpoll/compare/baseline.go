package compare

import (
	"context"
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
func (st *State) Baseline(ctx context.Context, snap *database.Snapshot, store func([]event.State) error) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	count, err := snap.Count(ctx, st.table)
	if err != nil {
		return err
	}
	st.spread(snap, count)
	st.begin(nil)
	var seen []event.State
	bytes := 0
	flush := func() error {
		if len(seen) == 0 {
			return nil
		}
		err := store(seen)
		seen, bytes = nil, 0
		return err
	}
	add := func(s event.State) error {
		seen, bytes = append(seen, s), bytes+len(s.Key)+len(s.Value)
		if len(seen) < batch && bytes < batchBytes {
			return nil
		}
		return flush()
	}
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
	err = st.reader.EachState(ctx, st.source, func(joined string, _ []byte) error {
		n := nameOf(joined)
		if known, ok := st.rows[n]; ok && known.pass != st.pass { // left by one that was interrupted
			st.drop(n)
			return add(event.State{Source: st.source, Key: joined})
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := add(event.State{Source: baselines, Key: st.source, Value: []byte{1}}); err != nil {
		return err
	}
	if err := flush(); err != nil {
		return err
	}
	st.complete = true
	return nil
}

// Begin declares that nothing was there when the table was first seen: all its
// rows are news.
func (st *State) Begin(store func([]event.State) error) error {
	if err := store([]event.State{{Source: baselines, Key: st.source, Value: []byte{1}}}); err != nil {
		return err
	}
	st.complete = true
	return nil
}
