package compare

import (
	"context"

	"busbar/dbpoll/database"
)

// A bucket is a share of the rows, which the server chooses by their keys. Its
// sum is that of the last reading of its rows. Once every difference that this
// reading showed is durable, the bucket holds what is known as long as the server
// gives the same sum, and its rows need not be read.
//
// What row is in which bucket is learnt by reading, and not kept: the first
// comparison after a start reads all rows.
type bucket struct {
	sum     database.Sum
	reading uint64 // 0: what is known changed since by a log
	open    int    // differences that are not durable
}

// rowsOfBucket is how many rows a bucket has, about; with more than eight times
// as many, the rows are spread over more buckets.
const rowsOfBucket = 256

// nowhere is the bucket of rows of which it is not known.
const nowhere = ^uint16(0)

func placed(d database.Digest) uint16 { return uint16(d.Bucket) } // -1 is nowhere

// differing chooses the buckets whose rows must be read; nil: all rows.
func (st *State) differing(ctx context.Context, snap *database.Snapshot) ([]int, error) {
	few := len(st.buckets) < database.MostBuckets && len(st.rows) > 8*rowsOfBucket*len(st.buckets)
	if st.lost > 0 || len(st.buckets) == 0 || few {
		st.spread(snap, len(st.rows))
		return nil, nil
	}
	sums, ok, err := snap.Sums(ctx, st.table)
	if err != nil {
		return nil, err
	}
	if !ok {
		st.spread(snap, len(st.rows))
		return nil, nil
	}
	list := []int{}
	for i, b := range st.buckets {
		if b.open > 0 || b.reading == 0 || b.sum != sums[i] {
			list = append(list, i)
		}
	}
	if len(list) > len(st.buckets)/4 {
		return nil, nil
	}
	return list, nil
}

// spread chooses the number of buckets for so many rows.
func (st *State) spread(snap *database.Snapshot, rows int) {
	count := 0
	if snap.Summed(st.table) {
		for count = 64; count < database.MostBuckets && count*rowsOfBucket < rows; count *= 2 {
		}
	}
	st.table.Buckets, st.buckets = count, make([]bucket, count)
}

// begin begins a reading of some buckets, nil: of all.
func (st *State) begin(buckets []int) {
	st.reading++
	if st.pass++; st.pass == 0 { // it came round
		for n, known := range st.rows {
			known.pass = 0
			st.rows[n] = known
		}
		st.pass = 1
	}
	for _, i := range buckets {
		st.buckets[i] = bucket{reading: st.reading}
	}
	if buckets == nil {
		for i := range st.buckets {
			st.buckets[i] = bucket{reading: st.reading}
		}
	}
}

// saw counts a row into its bucket. Where there are none, nobody looks at what it
// gives.
func (st *State) saw(d database.Digest) *bucket {
	if d.Bucket < 0 || d.Bucket >= len(st.buckets) {
		return new(bucket)
	}
	b := &st.buckets[d.Bucket]
	b.sum.Add(d)
	return b
}

// bucketOf is the bucket of the row that a change is of.
func (st *State) bucketOf(n name, c Change) uint16 {
	if row, ok := st.rows[n]; ok && row.bucket != nowhere {
		return row.bucket
	}
	if c.buckets != len(st.buckets) {
		return nowhere
	}
	return placed(c.digest)
}

// settled takes note that a change of a row in a bucket is durable.
func (st *State) settled(i uint16, c Change) {
	if int(i) >= len(st.buckets) {
		return
	}
	if b := &st.buckets[i]; c.reading == b.reading && b.open > 0 {
		b.open--
	} else {
		b.reading = 0
	}
}

// put and drop keep count of the rows whose bucket is not known.
func (st *State) put(n name, row note) {
	if old, ok := st.rows[n]; ok && old.bucket == nowhere {
		st.lost--
	}
	if st.rows[n] = row; row.bucket == nowhere {
		st.lost++
	}
}

func (st *State) drop(n name) {
	if old, ok := st.rows[n]; ok && old.bucket == nowhere {
		st.lost--
	}
	delete(st.rows, n)
}
