package compare

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"busbar/common/dbrow"
	"busbar/common/event"
	"busbar/common/journal"
	"busbar/dbpoll/database"
)

// baselines is the journal's source for tables whose baseline is complete.
const baselines = "dbpoll baseline"

// A State is what was last published of a table.
type State struct {
	source string
	table  database.Table
	reader *journal.Reader
	whole  atomic.Int64 // rows of the table when its baseline was begun

	mu       sync.Mutex
	rows     map[name]note
	complete bool // there is a baseline
	pass     uint16
	extra    map[name]uint32 // revisions of rows that are not there
	lost     int             // rows whose bucket is not known
	buckets  []bucket
	reading  uint64 // counts the comparisons
}

// A name is a digest of a row's key: 16 bytes, so that two rows never share one.
type name [2]uint64

// A note is what is in memory of a row: 16 bytes, for there may be millions.
type note struct {
	digest   uint64
	pass     uint16 // the comparison that saw it last
	bucket   uint16
	revision uint32
}

// Load reads what is known of a table. source names it in the journal.
func Load(ctx context.Context, r *journal.Reader, source string, t database.Table) (*State, error) {
	st := &State{source: source, table: t, reader: r, extra: map[name]uint32{}}
	_, err := r.StateOf(ctx, baselines, source)
	if err != nil && !errors.Is(err, journal.ErrNotFound) {
		return nil, err
	}
	st.complete = err == nil
	counts, err := r.CountStates(ctx)
	if err != nil {
		return nil, err
	}
	st.rows = make(map[name]note, counts[source])
	err = r.EachState(ctx, source, func(key string, value []byte) error {
		digest, revision, err := head(value)
		if err != nil {
			return fmt.Errorf("reading the last known state of %s %s: %w", source, key, err)
		}
		if isTombstone(value) {
			st.extra[nameOf(key)] = revision
		} else {
			st.put(nameOf(key), note{digest: digest, revision: revision, bucket: nowhere})
		}
		return nil
	})
	return st, err
}

// Table is the table as its rows are to be read for Note.
func (st *State) Table() database.Table { return st.table }

// Empty tells that there is no baseline yet: nothing can be compared.
func (st *State) Empty() bool { return !st.complete }

// Len is how many rows are known.
func (st *State) Len() int {
	st.mu.Lock()
	defer st.mu.Unlock()
	return len(st.rows)
}

// Before is a row as it was last published, nil where it was not there, and the mark
// that its last Note bore.
func (st *State) Before(ctx context.Context, key []string) (row dbrow.Columns, mark string, err error) {
	value, err := st.reader.StateOf(ctx, st.source, joinKey(key))
	switch {
	case errors.Is(err, journal.ErrNotFound):
		return nil, "", nil
	case err != nil:
		return nil, "", err
	}
	v, err := decode(value)
	if err != nil {
		return nil, "", fmt.Errorf("reading the last known state of %s %s: %w", st.source, key, err)
	}
	if isTombstone(value) {
		return nil, v.Mark, nil
	}
	return v.columns(st.table, key), v.Mark, nil
}

// Firsts are the values of the first key column of all rows that are known.
func (st *State) Firsts(ctx context.Context) (map[string]bool, error) {
	all := map[string]bool{}
	err := st.reader.EachState(ctx, st.source, func(joined string, stored []byte) error {
		if !isTombstone(stored) {
			first, _, _ := strings.Cut(joined, "/")
			all[splitKey(first)[0]] = true
		}
		return nil
	})
	return all, err
}

// Note makes the change of a row that something else than a comparison told: a
// log. after is what is known of the row from then on, nil if it is gone; now is
// the row after is, nil to leave it to be compared. Before gives mark again.
func (st *State) Note(key []string, before, after dbrow.Columns, now *database.Row, mark string) Change {
	joined := joinKey(key)
	st.mu.Lock()
	defer st.mu.Unlock()
	revision := st.advance(nameOf(joined))
	c := Change{Key: key, Before: before, After: after, Revision: int64(revision), digest: database.Digest{Bucket: -1}, buckets: len(st.buckets)}
	if now != nil {
		c.digest = now.Digest
	}
	c.Seen = st.seen(joined, after, nil, c.digest.Columns, revision+1, mark)
	return c
}

// advance gives the revision of a change, and counts it.
func (st *State) advance(n name) uint32 {
	if old, ok := st.rows[n]; ok {
		revision := old.revision
		old.revision++
		st.rows[n] = old
		return revision
	}
	revision := st.extra[n]
	st.extra[n] = revision + 1
	return revision
}

// seen is what the journal keeps of a row.
func (st *State) seen(joined string, after dbrow.Columns, bytes map[string]string, digest uint64, revision uint32, mark string) event.State {
	return event.State{Source: st.source, Key: joined, Value: encode(st.table, after, bytes, digest, revision, mark)}
}

// Published takes note that a change is durable. Until then comparing finds it again.
func (st *State) Published(c Change) {
	n := nameOf(c.Seen.Key)
	st.mu.Lock()
	defer st.mu.Unlock()
	bucket := st.bucketOf(n, c)
	st.settled(bucket, c)
	if c.After == nil {
		st.extra[n] = max(st.extra[n], uint32(c.Revision)+1)
		st.drop(n)
		return
	}
	st.put(n, note{digest: c.digest.Columns, pass: st.pass, bucket: bucket, revision: max(st.rows[n].revision, uint32(c.Revision)+1)})
	delete(st.extra, n)
}

// joinKey makes one text of a key, unambiguous and for people to read.
func joinKey(key []string) string {
	raw := make([][]byte, len(key))
	for i, k := range key {
		raw[i] = []byte(k)
	}
	return string(appendKey(nil, raw))
}

func appendKey(text []byte, key [][]byte) []byte {
	for i, k := range key {
		if i > 0 {
			text = append(text, '/')
		}
		if len(k) == 0 {
			text = append(text, '%') // an escape of nothing
		}
		for _, c := range k {
			switch c {
			case '%', '/', 0:
				text = fmt.Appendf(text, "%%%02X", c)
			default:
				text = append(text, c)
			}
		}
	}
	return text
}

func splitKey(joined string) []string {
	parts := strings.Split(joined, "/")
	for i, p := range parts {
		if p == "%" {
			parts[i] = ""
			continue
		}
		parts[i] = strings.NewReplacer("%2F", "/", "%00", "\x00", "%25", "%").Replace(p)
	}
	return parts
}

func nameOf(joined string) name { return nameOfBytes([]byte(joined)) }

func nameOfBytes(joined []byte) name {
	sum := sha256.Sum256(joined)
	return name{binary.BigEndian.Uint64(sum[:]), binary.BigEndian.Uint64(sum[8:])}
}
