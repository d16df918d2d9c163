package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"
)

// Audit reads the whole journal beside the writing, as Verify does, and ends the
// journal where it finds a fault: from then on nothing is acknowledged. It is for
// the time after a start, which reads no more than the end. It takes at most half
// of a processor.
func (j *Journal) Audit(ctx context.Context) (Report, error) {
	report, err := j.reader.verify(ctx, nil, func(worked time.Duration) {
		select {
		case <-ctx.Done():
		case <-time.After(worked):
		}
	})
	fault := report.err()
	if fault == nil && errors.Is(explain(err), ErrCorrupt) {
		fault = explain(err) // so much that it could not be read to the end
	}
	if fault == nil || ctx.Err() != nil {
		return report, err
	}
	// In its turn, so that no transaction is in between.
	return report, j.do(ctx, func() error { return j.damaged(context.Background(), fault) })
}

// stride is how many small rows are checked in one short transaction.
const stride = 5000

// verifyRows checks the sums of all rows that have one, and the order of the ids.
func (r *Reader) verifyRows(ctx context.Context, rest func(time.Duration), report *Report) error {
	if err := r.strides(rest, func() (int, error) { return 0, r.verifyPositions(ctx, report) }); err != nil {
		return err
	}
	last := []byte{}
	if err := r.strides(rest, func() (n int, err error) { n, last, err = r.verifyIDs(ctx, last, report); return n, err }); err != nil {
		return err
	}
	source, key := "", ""
	return r.strides(rest, func() (n int, err error) {
		n, source, key, err = r.verifySeen(ctx, source, key, report)
		return n, err
	})
}

func (r *Reader) strides(rest func(time.Duration), next func() (int, error)) error {
	for {
		began := time.Now()
		n, err := next()
		if err != nil || n < stride {
			return err
		}
		rest(time.Since(began))
	}
}

func (r *Reader) verifyIDs(ctx context.Context, last []byte, report *Report) (int, []byte, error) {
	rows, err := r.db.QueryContext(ctx, "SELECT 0, uuid, seq, substance, strength, sum FROM ids WHERE uuid > ? ORDER BY uuid LIMIT ?", last, stride)
	if err != nil {
		return 0, last, err
	}
	defer rows.Close()
	n := 0
	for ; rows.Next(); n++ {
		_, id, _, err := scanFact(rows)
		if id == nil {
			return n, last, err
		}
		if err != nil {
			report.add(0, err.Error())
		}
		if bytes.Compare(id, last) <= 0 {
			return n, last, fmt.Errorf("%w: the ids are out of order near %x", ErrCorrupt, id)
		}
		last = id
	}
	return n, last, rows.Err()
}

func (r *Reader) verifySeen(ctx context.Context, source, key string, report *Report) (int, string, string, error) {
	rows, err := r.db.QueryContext(ctx,
		"SELECT source, key, value, sum FROM seen WHERE (source, key) > (?, ?) ORDER BY source, key LIMIT ?", source, key, stride)
	if err != nil {
		return 0, source, key, err
	}
	defer rows.Close()
	n := 0
	for ; rows.Next(); n++ {
		var value []byte
		var sum *int64
		if err := rows.Scan(&source, &key, &value, &sum); err != nil {
			return n, source, key, err
		}
		if err := checkSum(sum, seenSum(source, key, value), "what %s said of %s", source, key); err != nil {
			report.add(0, err.Error())
		}
	}
	return n, source, key, rows.Err()
}

func (r *Reader) verifyPositions(ctx context.Context, report *Report) error {
	rows, err := r.db.QueryContext(ctx, "SELECT source, value, sum FROM positions")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var source string
		var value []byte
		var sum *int64
		if err := rows.Scan(&source, &value, &sum); err != nil {
			return err
		}
		if err := checkSum(sum, positionSum(source, value), "the position of %s", source); err != nil {
			report.add(0, err.Error())
		}
	}
	return rows.Err()
}
