package compare

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"busbar/common/event"
	"busbar/common/journal"
	"busbar/dbpoll/database"
)

// A Change is a row that differs from what was last told.
type Change struct {
	Key           []string
	Before, After database.Columns // nil: not there
	// BeforeBytes and AfterBytes are digests of values that are not UTF-8, by
	// column: two of them may be read as one text.
	BeforeBytes, AfterBytes map[string]string
	Revision                int64       // how many changes of the row were seen before
	Seen                    event.State // to be stored with the news

	digest uint64
}

// Found is what a comparison gives.
type Found struct {
	Changes []Change
	More    bool // there are others
	// Trouble says which rows cannot be followed, and why; all others are.
	Trouble error
}

// shareBytes bounds the texts of the rows that one comparison gives, beside
// their number: texts may be huge. (A variable for its test.)
var shareBytes = 32 << 20

// Compare reads the table and gives at most most changes, those of rows that
// are there first.
func (st *State) Compare(ctx context.Context, snap *database.Snapshot, most int) (f Found, err error) {
	if !st.complete {
		return f, errors.New("comparing " + st.table.Name + ": there is no baseline yet")
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	d, err := st.differing(ctx, snap, most)
	if err != nil {
		return f, err
	}
	room := shareBytes
	lost, err := snap.Find(ctx, st.table, d.keys, func(r database.Row) error {
		c, err := st.changed(ctx, snap.Dialect(), r)
		f.Changes = append(f.Changes, c)
		if room -= size(c.After); room < 0 && err == nil {
			return database.ErrEnough
		}
		return err
	})
	if f.More = d.more; errors.Is(err, database.ErrEnough) {
		f.More, err = true, nil
	}
	if err != nil {
		return Found{}, err
	}
	for _, key := range lost {
		d.odd.add("the row %s was seen to differ, and is not found when it is read again: its key is not the same twice (%s)", shown(key), strings.Join(st.table.Key, ", "))
	}
	f.Trouble = d.odd.err(st.table.Name)
	if d.present == len(st.rows) {
		return f, nil
	}
	gone, others, err := st.gone(ctx, most-len(f.Changes))
	f.Changes, f.More = append(f.Changes, gone...), f.More || others
	return f, err
}

// size is what a row's texts take in memory.
func size(c database.Columns) (n int) {
	for _, text := range c {
		if text != nil {
			n += len(*text)
		}
	}
	return n
}

// A difference is what all digests show.
type difference struct {
	keys    [][]string // of rows that are new or differ
	present int        // known rows that are there
	more    bool       // there are others than keys
	odd     oddities
}

// differing reads all digests. Rows without a key of their own are passed over,
// so that they hold up no others.
func (st *State) differing(ctx context.Context, snap *database.Snapshot, most int) (d difference, err error) {
	st.pass++
	listed := map[name]int{} // where in keys
	twice := func(n name, key []string) {
		d.odd.add("two rows have the key %s: choose columns that name one row each, as [[table]] key", shown(key))
		if i, ok := listed[n]; ok {
			d.keys[i] = nil
		}
	}
	err = snap.Digests(ctx, st.table, func(raw [][]byte, digest uint64) error {
		if err := database.Named(st.table, raw); err != nil {
			d.odd.add("%w", err)
			return nil
		}
		n := nameOfRaw(raw)
		known, ok := st.rows[n]
		if ok {
			if known.pass == st.pass {
				twice(n, texts(raw))
				return nil
			}
			d.present++
			known.pass = st.pass
			st.rows[n] = known
			if known.digest == digest {
				return nil
			}
		} else if _, ok := listed[n]; ok {
			twice(n, texts(raw))
			return nil
		}
		if len(d.keys) == most {
			d.more = true
			return nil
		}
		listed[n] = len(d.keys)
		d.keys = append(d.keys, texts(raw))
		return nil
	})
	d.keys = slices.DeleteFunc(d.keys, func(key []string) bool { return key == nil })
	return d, err
}

func (st *State) changed(ctx context.Context, dialect string, r database.Row) (Change, error) {
	joined := joinKey(r.Key)
	c := Change{Key: r.Key, After: r.Columns, AfterBytes: r.Bytes, digest: r.Digest}
	stored, err := st.reader.StateOf(ctx, st.source, joined)
	if err != nil && !errors.Is(err, journal.ErrNotFound) {
		return c, err
	}
	var mark string
	if err == nil {
		v, err := decode(stored)
		if err != nil {
			return c, fmt.Errorf("reading what was told of %s %s: %w", st.source, joined, err)
		}
		if mark = v.Mark; !isTombstone(stored) {
			c.Before, c.BeforeBytes = v.before(st.table, r.Key, r.Columns), v.Bytes
			if stored[headLength-1] == asBefore {
				renew(c.Before, c.After, dialect)
				c.BeforeBytes = c.AfterBytes // which were not kept
			}
		}
	}
	revision := st.advance(nameOf(joined))
	c.Revision = int64(revision)
	c.Seen = st.seen(joined, c.After, c.AfterBytes, r.Digest, revision+1, mark)
	return c, nil
}

// gone finds known rows that the last reading did not see.
func (st *State) gone(ctx context.Context, most int) (changes []Change, more bool, err error) {
	err = st.reader.EachState(ctx, st.source, func(joined string, stored []byte) error {
		n := nameOf(joined)
		known, ok := st.rows[n]
		if !ok || known.pass == st.pass {
			return nil
		}
		if len(changes) >= most {
			more = true
			return nil
		}
		v, err := decode(stored)
		if err != nil {
			return fmt.Errorf("reading what was told of %s %s: %w", st.source, joined, err)
		}
		key := splitKey(joined)
		revision := st.advance(n)
		changes = append(changes, Change{
			Key: key, Before: v.columns(st.table, key), BeforeBytes: v.Bytes, Revision: int64(revision),
			Seen: st.seen(joined, nil, nil, 0, revision+1, v.Mark),
		})
		return nil
	})
	return changes, more, err
}

func texts(raw [][]byte) []string {
	key := make([]string, len(raw))
	for i, k := range raw {
		key[i] = string(k)
	}
	return key
}

// nameOfRaw is nameOf without making texts, which millions of rows would feel.
func nameOfRaw(raw [][]byte) name { return nameOf(joinKey(texts(raw))) }
