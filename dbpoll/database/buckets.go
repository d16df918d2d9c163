package database

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"
)

// PostgreSQL and MariaDB assign each row to a bucket, by a hash of its key, and
// sum up numbers made of each row's key and watched columns. A bucket whose sum
// is the same as before holds the same rows; only the others need to be listed.
//
//	PostgreSQL  the sum of d, and that of h: 64 bits of the columns, and 64 bits
//	            of the columns seeded by k, 64 bits of the key
//	MariaDB     the sum of (d+1)·(k+1): 64 bits each of MD5 of columns and key
//
// One row that changed always changes a sum if it changes d. Several rows of
// one bucket that changed together leave it by chance, of less than 2^-60.

// MostBuckets bounds Table.Buckets.
const MostBuckets = 1 << 15

// A Digest is what the server computed of a row.
type Digest struct {
	Columns uint64 // of the watched columns
	Bucket  int    // of the row, below Table.Buckets; -1 where that is 0
	share   wide   // of the bucket's sum
}

// A Sum is the number of rows of a bucket, and the sum of their shares.
type Sum struct {
	rows uint64
	of   wide
}

// Add adds a row.
func (s *Sum) Add(d Digest) { s.rows, s.of = s.rows+1, s.of.plus(d.share) }

// A wide is a number of 128 bits; sums wrap.
type wide struct{ high, low uint64 }

func (w wide) plus(o wide) wide {
	low, carry := bits.Add64(w.low, o.low, 0)
	high, _ := bits.Add64(w.high, o.high, carry)
	return wide{high, low}
}

// seeded is h·2^64 + d, of signed numbers.
func seeded(d, h uint64) wide { return wide{h, 0}.plus(wide{uint64(int64(d) >> 63), d}) }

// product is (d+1)·(k+1).
func product(d, k uint64) wide {
	high, low := bits.Mul64(d, k)
	return wide{high, low}.plus(wide{0, d}).plus(wide{0, k}).plus(wide{0, 1})
}

var errSum = errors.New("the server gave a sum of digests that is no number")

// wideOf reads a server's sum of any size; high is worth 2^64 times as much.
func wideOf(high, low []byte) (wide, error) {
	h, hok := new(big.Int).SetString(string(high), 10)
	l, lok := new(big.Int).SetString(string(low), 10)
	if !hok || !lok {
		return wide{}, errSum
	}
	all := h.Add(h.Lsh(h, 64), l)
	mask := new(big.Int).SetUint64(1<<64 - 1)
	return wide{new(big.Int).And(new(big.Int).Rsh(all, 64), mask).Uint64(), new(big.Int).And(all, mask).Uint64()}, nil
}

// Summed tells whether the server gives sums of buckets of a table.
func (s *Snapshot) Summed(t Table) bool { return s.db.dialect != SQLite && !s.db.unsummed[t.Name] }

// Sums gives the sum of each bucket. Where the server needs longer for that than
// a statement may take, ok is false, and [Snapshot.Summed] as well from then on.
func (s *Snapshot) Sums(ctx context.Context, t Table) (sums []Sum, ok bool, err error) {
	sums = make([]Sum, t.Buckets)
	p, isPostgres := s.s.(*postgres)
	if isPostgres {
		// One statement that takes a second may be in a hurry, as the server
		// allows it. Its memory is bounded by the number of buckets.
		err := p.do(ctx, "SAVEPOINT busbar; SET LOCAL max_parallel_workers_per_gather TO DEFAULT; SET LOCAL work_mem = '32MB'")
		if err != nil {
			return nil, false, s.fail(err, "reading "+t.Name)
		}
	}
	_, err = s.s.query(ctx, t.selectSums(s.db.dialect), nil, func(row [][]byte) error {
		sum, bucket, err := sumOf(row)
		if err == nil && bucket >= len(sums) {
			err = errSum
		}
		if err == nil {
			sums[bucket] = sum
		}
		return err
	})
	late := tookTooLong(err)
	if late {
		s.db.unsummed[t.Name] = true
	}
	if err != nil && (!late || errors.Is(err, context.DeadlineExceeded)) { // which ended the connection
		return nil, false, s.fail(err, "reading "+t.Name)
	}
	if isPostgres {
		err = p.do(ctx, "ROLLBACK TO SAVEPOINT busbar")
	} else {
		err = nil
	}
	return sums, !late, s.fail(err, "reading "+t.Name)
}

func sumOf(row [][]byte) (sum Sum, bucket int, err error) {
	if bucket, err = strconv.Atoi(string(row[0])); err != nil {
		return sum, 0, errSum
	}
	if sum.rows, err = strconv.ParseUint(string(row[1]), 10, 64); err != nil {
		return sum, 0, errSum
	}
	if len(row[3]) >= len(noDigest) {
		return sum, 0, errDigest
	}
	sum.of, err = wideOf(row[2], row[3])
	return sum, bucket, err
}

// tookTooLong tells that a server ended a statement, or was not waited for.
func tookTooLong(err error) bool {
	var pg *pgconn.PgError
	var maria *mysql.MySQLError
	return errors.As(err, &pg) && pg.Code == "57014" || errors.As(err, &maria) && maria.Number == 1969 ||
		errors.Is(err, context.DeadlineExceeded)
}

// Count is how many rows a table has.
func (s *Snapshot) Count(ctx context.Context, t Table) (int, error) {
	text, err := s.Value(ctx, t.from(s.db.dialect, []string{"count(*) AS n"}))
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(text)
}

// noDigest stands for a row to which MariaDB gives no digest: a sum with it has
// more digits than any other.
const noDigest = "100000000000000000000000000000000000000000000000000"

// selectSums gives bucket, rows, and the sum as two numbers.
func (t Table) selectSums(dialect string) string {
	if dialect == MariaDB {
		share := "IFNULL((CAST(" + t.digest(dialect) + " AS DECIMAL(20)) + 1) * (" + t.hashOfKey(dialect) + " + 1), " + noDigest + ")"
		return t.from(dialect, []string{t.bucket(dialect) + " AS bucket", "COUNT(*)", "0", "SUM(" + share + ")"}) + " GROUP BY 1"
	}
	return "SELECT k & " + strconv.Itoa(t.Buckets-1) + ", count(*), sum(hashtextextended(r, k)), sum(hashtextextended(r, 0)) FROM (" +
		t.from(dialect, []string{t.printedRow() + " AS r", t.hashOfKey(dialect) + " AS k"}) + " " + apart + ") s GROUP BY 1"
}

// apart keeps a part of a statement of PostgreSQL apart: what it computes is
// computed once. Only a constant of this type lets workers share it.
const apart = "OFFSET '0'"

// hashOfKey is 64 bits of a key; of one with NULL in it, any.
func (t Table) hashOfKey(dialect string) string {
	if dialect == MariaDB {
		return "IFNULL(CAST(CONV(LEFT(MD5(" + t.keyOfMariaDB() + "), 16), 16, 10) AS DECIMAL(20)), 0)"
	}
	hash := "0"
	for _, name := range t.Key {
		hash = "hashtextextended(" + t.named(dialect, name) + ` COLLATE "C", ` + hash + ")"
	}
	return "coalesce(" + hash + ", 0)"
}

// bucket is the number of a row's bucket.
func (t Table) bucket(dialect string) string {
	most := strconv.Itoa(t.Buckets - 1)
	if dialect == MariaDB {
		return "IFNULL(CRC32(" + t.keyOfMariaDB() + ") & " + most + ", 0)"
	}
	return "(" + t.hashOfKey(dialect) + " & " + most + ")"
}

func (t Table) keyOfMariaDB() string {
	list := make([]string, len(t.Key))
	for i, name := range t.Key {
		list[i] = t.quotedByMariaDB(name)
	}
	return "CONCAT(" + strings.Join(list, ", ',', ") + ")"
}

// within is the condition that a row is in one of these buckets, which are in
// order; nil: in any.
func (t Table) within(dialect string, buckets []int) string {
	if buckets == nil {
		return ""
	}
	if dialect == MariaDB { // which searches a list of constants by halves
		list := make([]string, len(buckets))
		for i, b := range buckets {
			list[i] = strconv.Itoa(b)
		}
		return t.bucket(dialect) + " IN (" + strings.Join(list, ", ") + ")"
	}
	set := make([]byte, slices.Max(buckets)/8+1, MostBuckets/8)
	for _, b := range buckets {
		set[b/8] |= 1 << (b % 8)
	}
	set = append(set, make([]byte, (t.Buckets+7)/8-len(set))...)
	return fmt.Sprintf(`get_bit('\x%s'::bytea, %s::integer) = 1`, hex.EncodeToString(set), t.bucket(dialect))
}
