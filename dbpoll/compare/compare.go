package compare

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"busbar/common/journal"
	"busbar/dbpoll/database"
)

// A Change is a row that differs from what was last told.
type Change struct {
	Key           []string
	Before, After database.Columns // nil: not there
	Revision      int64            // how many changes of the row were seen before
	Seen          journal.Seen     // to be stored with the news

	digest uint64
}

// shareBytes bounds the texts of the rows that one comparison gives, beside
// their number: texts may be huge. (A variable for its test.)
var shareBytes = 32 << 20

// Compare reads the table and gives at most most changes, those of rows that
// are there first; more says that there are others.
func (st *State) Compare(ctx context.Context, snap *database.Snapshot, most int) (changes []Change, more bool, err error) {
	if !st.complete {
		return nil, false, errors.New("comparing " + st.table.Name + ": there is no baseline yet")
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	keys, present, more, err := st.differing(ctx, snap, most)
	if err != nil {
		return nil, false, err
	}
	room := shareBytes
	for some := range slices.Chunk(keys, 100) {
		if room <= 0 {
			more = true
			break
		}
		err := snap.Rows(ctx, st.table, some, func(r database.Row) error {
			c, err := st.changed(ctx, r)
			changes = append(changes, c)
			for _, text := range c.After {
				if text != nil {
					room -= len(*text)
				}
			}
			return err
		})
		if err != nil {
			return nil, false, err
		}
	}
	if present == len(st.rows) {
		return changes, more, nil
	}
	gone, others, err := st.gone(ctx, most-len(changes))
	return append(changes, gone...), more || others, err
}

// differing reads all digests, and gives the keys of at most most rows that are
// new or differ, and how many known rows are present.
func (st *State) differing(ctx context.Context, snap *database.Snapshot, most int) (keys [][]string, present int, more bool, err error) {
	st.pass++
	err = snap.Digests(ctx, st.table, func(raw [][]byte, digest uint64) error {
		n := nameOfRaw(raw)
		known, ok := st.rows[n]
		if ok {
			if known.pass == st.pass {
				return fmt.Errorf("two rows have the key %s: choose columns that name one row each, as [[table]] key", joinKey(texts(raw)))
			}
			present++
			known.pass = st.pass
			st.rows[n] = known
			if known.digest == digest {
				return nil
			}
		}
		if len(keys) == most {
			more = true
			return nil
		}
		keys = append(keys, texts(raw))
		return nil
	})
	return keys, present, more, err
}

func (st *State) changed(ctx context.Context, r database.Row) (Change, error) {
	joined := joinKey(r.Key)
	c := Change{Key: r.Key, After: r.Columns, digest: r.Digest}
	stored, err := st.reader.SeenOf(ctx, st.source, joined)
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
			c.Before = v.before(st.table, r.Key, r.Columns)
		}
	}
	revision := st.advance(nameOf(joined))
	c.Revision = int64(revision)
	c.Seen = st.seen(joined, c.After, r.Digest, revision+1, mark)
	return c, nil
}

// gone finds known rows that the last reading did not see.
func (st *State) gone(ctx context.Context, most int) (changes []Change, more bool, err error) {
	err = st.reader.EachSeen(ctx, st.source, func(joined string, stored []byte) error {
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
			Key: key, Before: v.columns(st.table, key), Revision: int64(revision), Seen: st.seen(joined, nil, 0, revision+1, v.Mark),
		})
		return nil
	})
	return changes, more, err
}

// batch is how many rows of a baseline are stored at once.
const batch = 2000

// Baseline takes note of every row and tells nothing. One that was interrupted
// is begun anew.
func (st *State) Baseline(ctx context.Context, snap *database.Snapshot, store func([]journal.Seen) error) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.pass++
	var seen []journal.Seen
	flush := func() error {
		if len(seen) == 0 {
			return nil
		}
		err := store(seen)
		seen = nil
		return err
	}
	add := func(s journal.Seen) error {
		if seen = append(seen, s); len(seen) < batch {
			return nil
		}
		return flush()
	}
	err := snap.Full(ctx, st.table, func(r database.Row) error {
		joined := joinKey(r.Key)
		n := nameOf(joined)
		if known, ok := st.rows[n]; ok && known.pass == st.pass {
			return fmt.Errorf("two rows have the key %s: choose columns that name one row each, as [[table]] key", joined)
		}
		st.rows[n] = note{digest: r.Digest, pass: st.pass}
		return add(st.seen(joined, r.Columns, r.Digest, 0, ""))
	})
	if err != nil {
		return err
	}
	err = st.reader.EachSeen(ctx, st.source, func(joined string, _ []byte) error {
		n := nameOf(joined)
		if known, ok := st.rows[n]; ok && known.pass != st.pass { // left by one that was interrupted
			delete(st.rows, n)
			return add(journal.Seen{Source: st.source, Key: joined})
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := add(journal.Seen{Source: marks, Key: st.source, Value: []byte{1}}); err != nil {
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
func (st *State) Begin(store func([]journal.Seen) error) error {
	if err := store([]journal.Seen{{Source: marks, Key: st.source, Value: []byte{1}}}); err != nil {
		return err
	}
	st.complete = true
	return nil
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
