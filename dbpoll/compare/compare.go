package compare

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"busbar/common/dbrow"
	"busbar/common/event"
	"busbar/common/journal"
	"busbar/dbpoll/database"
)

// A Change is a row that differs from what was last published.
type Change struct {
	Key           []string
	Before, After dbrow.Columns // nil: not there
	// BeforeBytes and AfterBytes are digests of values that are not UTF-8, by
	// column: two of them may be read as one text.
	BeforeBytes, AfterBytes map[string]string
	Revision                int64       // how many changes of the row were seen before
	Seen                    event.State // to be stored with the news

	digest  database.Digest
	buckets int    // how many there were
	reading uint64 // that found it; 0: a log told it
}

// Found is what a comparison gives.
type Found struct {
	Changes []Change
	More    bool  // there are others
	Listed  int64 // rows whose digests were read: all, or those of the buckets that differ
	// Err says which rows cannot be followed, and why; all others are.
	Err error
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
	r, err := st.read(ctx, snap, most)
	if err != nil {
		return f, err
	}
	if f.Listed = r.listed; r.nothing() {
		return f, nil
	}
	room := shareBytes
	lost, err := snap.Find(ctx, st.table, r.keys, func(row database.Row) error {
		c, err := st.changed(ctx, snap.Dialect(), row)
		f.Changes = append(f.Changes, c)
		if room -= c.After.Size(); room < 0 && err == nil {
			return database.ErrEnough
		}
		return err
	})
	if f.More = r.more; errors.Is(err, database.ErrEnough) {
		f.More, err = true, nil
	}
	if err != nil {
		return Found{}, err
	}
	for _, key := range lost {
		r.odd.add("the row %s was seen to differ, and is not found when it is read again: its key is not the same twice (%s)", shown(key), strings.Join(st.table.Key, ", "))
	}
	f.Err = r.odd.err(st.table.Name)
	missing := st.missing(r)
	if missing == 0 {
		return f, nil
	}
	gone, others, err := st.gone(ctx, r, missing, most-len(f.Changes))
	f.Changes, f.More = append(f.Changes, gone...), f.More || others
	return f, err
}

func (st *State) changed(ctx context.Context, dialect string, r database.Row) (Change, error) {
	joined := joinKey(r.Key)
	c := Change{Key: r.Key, After: r.Columns, AfterBytes: r.Bytes, digest: r.Digest, buckets: len(st.buckets), reading: st.reading}
	stored, err := st.reader.StateOf(ctx, st.source, joined)
	if err != nil && !errors.Is(err, journal.ErrNotFound) {
		return c, err
	}
	var mark string
	if err == nil {
		v, err := decode(stored)
		if err != nil {
			return c, fmt.Errorf("reading the last known state of %s %s: %w", st.source, joined, err)
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
	c.Seen = st.seen(joined, c.After, c.AfterBytes, r.Digest.Columns, revision+1, mark)
	return c, nil
}

// missing counts the known rows that should have been read and were not there.
// Their buckets hold a difference each.
func (st *State) missing(r *reading) (count int) {
	for n, known := range st.rows {
		if !st.isMissing(r, known) {
			continue
		}
		count++
		if r.all { // its bucket may be one of another number of buckets
			known.bucket = nowhere
			st.put(n, known)
			continue
		}
		st.buckets[known.bucket].open++
	}
	return count
}

func (st *State) isMissing(r *reading, known note) bool {
	return known.pass != st.pass && (r.all || r.read[known.bucket])
}

// gone finds them by their keys.
func (st *State) gone(ctx context.Context, r *reading, missing, most int) (changes []Change, more bool, err error) {
	err = st.reader.EachState(ctx, st.source, func(joined string, stored []byte) error {
		n := nameOf(joined)
		known, ok := st.rows[n]
		if !ok || !st.isMissing(r, known) {
			return nil
		}
		if len(changes) >= most {
			more = true
			return database.ErrEnough
		}
		v, err := decode(stored)
		if err != nil {
			return fmt.Errorf("reading the last known state of %s %s: %w", st.source, joined, err)
		}
		key := splitKey(joined)
		revision := st.advance(n)
		changes = append(changes, Change{
			Key: key, Before: v.columns(st.table, key), BeforeBytes: v.Bytes, Revision: int64(revision),
			Seen: st.seen(joined, nil, nil, 0, revision+1, v.Mark), reading: st.reading,
		})
		if len(changes) == missing {
			return database.ErrEnough
		}
		return nil
	})
	if errors.Is(err, database.ErrEnough) {
		err = nil
	}
	return changes, more, err
}

func texts(raw [][]byte) []string {
	key := make([]string, len(raw))
	for i, k := range raw {
		key[i] = string(k)
	}
	return key
}
