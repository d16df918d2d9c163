package compare

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"busbar/common/event"
	"busbar/common/journal"
)

// What is stored of a row bears the names of its columns, which a server's
// digests do not: a column that only gets another name changes none. So the
// names are kept beside the baseline, and rows that were stored under others
// count as differing until they are read again.

// Renew makes all rows differ where they were stored under other columns. It
// tells whether the present columns are still to be kept (Columns), which is
// right once a comparison was published that left nothing for the next.
func (st *State) Renew(ctx context.Context) (unkept bool, err error) {
	kept, err := st.reader.StateOf(ctx, baselines, st.source)
	if errors.Is(err, journal.ErrNotFound) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	now := st.Columns().Value
	if len(kept) != len(now) { // of a version that kept none
		return true, nil
	}
	if slices.Equal(kept, now) {
		return false, nil
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	st.buckets = nil // whatever their sums are
	for n, row := range st.rows {
		row.digest ^= 1
		st.rows[n] = row
	}
	return true, nil
}

// Columns is what the journal keeps of the table's columns.
func (st *State) Columns() event.State {
	h := sha256.New()
	for _, name := range slices.Concat(st.table.Key, []string{""}, st.table.Watch) {
		fmt.Fprintf(h, "%d:%s", len(name), name)
	}
	return event.State{Source: baselines, Key: st.source, Value: append([]byte{1}, h.Sum(nil)[:15]...)}
}
