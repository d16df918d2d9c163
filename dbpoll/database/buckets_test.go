package database

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// sums adds up what rows come to, as the server does, and how often each
// bucket was met.
func sums(t testing.TB, s *Snapshot, table Table, buckets []int) []Sum {
	t.Helper()
	all := make([]Sum, table.Buckets)
	err := s.Digests(context.Background(), table, buckets, func(_ [][]byte, d Digest) error {
		if buckets != nil && !slices.Contains(buckets, d.Bucket) {
			t.Fatalf("a row of bucket %d is given, want one of %v", d.Bucket, buckets)
		}
		all[d.Bucket].Add(d)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestSums: the sums of the server are those of the rows, as they come alone, in
// full and by bucket; and every change is seen in the sums of its bucket.
func TestSums(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for _, p := range places(t) {
		if p.name == SQLite {
			continue // which sums up nothing
		}
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			bytes, wild := "bytea", `'\x%x'`
			if p.name == MariaDB {
				bytes, wild = "varbinary(60)", "x'%x'"
			}
			p.exec(t, "CREATE TABLE bin (a varchar(40), b "+bytes+", f real, name varchar(200), at timestamp NULL, price numeric(8,2))")
			table := Table{Name: "bin", Key: []string{"a", "b"}, Watch: []string{"f", "name", "at", "price"}, Buckets: 64}
			rnd := rand.New(rand.NewPCG(5, 6))
			pick := func(list ...string) string { return list[rnd.IntN(len(list))] }
			value := func() string {
				return pick("0.1", "-0.0", "1e10", "NULL") + ", " + pick("'mint'", "''", "NULL", "'thé ☕'", "'(,)'", "repeat('x', 190)") + ", " +
					pick("NULL", "'2026-03-01 10:00'", "'2026-03-01 10:00:01'") + ", " + pick("NULL", "0", "-1.5", "10.00")
			}
			var rows []string
			for i := range 2000 {
				rows = append(rows, fmt.Sprintf("(%s, "+wild+", %s)", pick("'a'", "'A'", "'a '", "'é'", "''", "'/'"), fmt.Sprint(i, "\x00\xff"), value()))
			}
			rows = append(rows, "(NULL, NULL, 1, 'odd', NULL, 1)", "(NULL, NULL, 1, 'odd', NULL, 1)")
			p.exec(t, "INSERT INTO bin VALUES "+strings.Join(rows, ", "))
			db := p.open(t)
			look := func() []Sum {
				s := begin(t, db)
				defer s.Close()
				typed, err := s.Complete(ctx, table)
				if err != nil {
					t.Fatal(err)
				}
				if table = typed; !s.Summed(table) {
					t.Fatal("the server sums up nothing")
				}
				got, ok, err := s.Sums(ctx, table)
				if err != nil || !ok {
					t.Fatalf("no sums: %v", err)
				}
				if want := sums(t, s, table, nil); !slices.Equal(got, want) {
					t.Fatal("the server sums up its digests otherwise")
				}
				some := []int{0, 7, 13, 62, 63}
				for b, sum := range sums(t, s, table, some) {
					if want := got[b]; slices.Contains(some, b) && sum != want {
						t.Fatalf("bucket %d alone has another sum", b)
					}
				}
				return got
			}
			first := look()
			for b, sum := range first {
				if sum.rows == 0 || sum.rows > 200 {
					t.Errorf("bucket %d has %d of 2000 rows", b, sum.rows)
				}
			}
			p.exec(t, "DELETE FROM bin WHERE a IS NULL")
			s := begin(t, db)
			whole := make([]Sum, table.Buckets)
			for _, r := range full(t, s, table) {
				whole[r.Digest.Bucket].Add(r.Digest)
			}
			s.Close()
			was := look()
			if !slices.Equal(whole, was) {
				t.Error("rows in full have other sums")
			}
			for i := range 24 {
				keys := func(n int) string {
					var list []string
					for range n {
						list = append(list, fmt.Sprintf(wild, fmt.Sprint(rnd.IntN(2000), "\x00\xff")))
					}
					return strings.Join(list, ", ")
				}
				change := []string{
					"UPDATE bin SET name = 'change " + fmt.Sprint(i) + "'", // all rows alike
					"UPDATE bin SET name = 'one " + fmt.Sprint(i) + "' WHERE b IN (" + keys(1) + ")",
					"UPDATE bin SET name = 'some " + fmt.Sprint(i) + "', f = NULL WHERE b IN (" + keys(40) + ")",
					"UPDATE bin SET a = concat(a, '!') WHERE b IN (" + keys(3) + ")", // other keys
				}[i%4]
				p.exec(t, change)
				is := look()
				if i%4 == 0 {
					for b := range is {
						if is[b] == was[b] {
							t.Fatalf("%s: bucket %d has the same sum", change, b)
						}
					}
				}
				was = is
			}
			// Two rows that exchange what they hold, in one bucket.
			p.exec(t, "DELETE FROM bin")
			p.exec(t, "INSERT INTO bin VALUES ('a', "+fmt.Sprintf(wild, "1")+", 1, 'mint', NULL, 1), ('a', "+fmt.Sprintf(wild, "2")+", 1, 'sage', NULL, 1)")
			table.Buckets = 1
			was = look1(t, db, table)
			p.exec(t, "UPDATE bin SET name = CASE name WHEN 'mint' THEN 'sage' ELSE 'mint' END")
			if slices.Equal(was, look1(t, db, table)) {
				t.Error("two rows exchanged their values, and the sum is the same")
			}
		})
	}
}

func look1(t *testing.T, db *DB, table Table) []Sum {
	t.Helper()
	s := begin(t, db)
	defer s.Close()
	got, ok, err := s.Sums(context.Background(), table)
	if err != nil || !ok {
		t.Fatalf("no sums: %v", err)
	}
	return got
}

// TestSumsInTime: where a server may not take so long as all sums need, rows are
// listed, in the same snapshot.
func TestSumsInTime(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	p := postgresPlace(t)
	p.exec(t, "CREATE VIEW slow AS SELECT i AS id, pg_sleep(0.1)::text AS v FROM generate_series(1, 10000) i")
	p.o.StatementTimeout = 2 * time.Second
	s := begin(t, p.open(t))
	table := Table{Name: "slow", Key: []string{"id"}, Watch: []string{"v"}, Buckets: 64}
	if sums, ok, err := s.Sums(ctx, table); ok || err != nil {
		t.Fatalf("in two seconds come %d sums (%v)", len(sums), err)
	}
	if s.Summed(table) {
		t.Error("the sums are asked for again")
	}
	table.Buckets = 0
	if err := s.Digests(ctx, table, nil, func([][]byte, Digest) error { return ErrEnough }); err != nil {
		t.Errorf("after that, nothing can be read: %v", err)
	}
}
