package compare

import (
	"context"
	"slices"

	"busbar/dbpoll/database"
)

// A reading is what the digests of all rows show, or of those in the buckets
// that differ.
type reading struct {
	all    bool       // all rows were read
	read   []bool     // else, by bucket: its rows were
	listed int64      // rows that were read
	keys   [][]string // of rows that are new or differ
	more   bool       // there are others than keys
	odd    oddities
}

// nothing tells that no bucket differed.
func (r *reading) nothing() bool { return !r.all && !slices.Contains(r.read, true) }

// read reads digests. Rows without a key of their own are passed over, so that
// they hold up no others.
func (st *State) read(ctx context.Context, snap *database.Snapshot, most int) (*reading, error) {
	r := &reading{}
	buckets, err := st.differing(ctx, snap)
	if err != nil {
		return nil, err
	}
	st.begin(buckets)
	if r.all = buckets == nil; !r.all {
		r.read = make([]bool, len(st.buckets))
		for _, b := range buckets {
			r.read[b] = true
		}
	}
	if r.nothing() {
		return r, nil
	}
	listed := map[name]int{} // where in keys
	twice := func(n name, key []string) {
		r.odd.add("two rows have the key %s: choose columns that name one row each, as [[table]] key", shown(key))
		if i, ok := listed[n]; ok {
			r.keys[i] = nil
		}
	}
	var buffer []byte
	err = snap.Digests(ctx, st.table, buckets, func(raw [][]byte, d database.Digest) error {
		b := st.saw(d)
		r.listed++
		if err := database.Named(st.table, raw); err != nil {
			r.odd.add("%w", err)
			b.open++
			return nil
		}
		buffer = appendKey(buffer[:0], raw)
		n := nameOfBytes(buffer)
		known, ok := st.rows[n]
		if ok {
			if known.pass == st.pass {
				b.open++
				twice(n, texts(raw))
				return nil
			}
			known.pass, known.bucket = st.pass, placed(d)
			st.put(n, known)
			if known.digest == d.Columns {
				return nil
			}
		} else if _, ok := listed[n]; ok {
			b.open++
			twice(n, texts(raw))
			return nil
		}
		b.open++
		if len(r.keys) == most {
			r.more = true
			return nil
		}
		listed[n] = len(r.keys)
		r.keys = append(r.keys, texts(raw))
		return nil
	})
	r.keys = slices.DeleteFunc(r.keys, func(key []string) bool { return key == nil })
	return r, err
}
