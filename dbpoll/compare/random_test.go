package compare

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"busbar/common/dbrow"
	"busbar/common/event"
	"busbar/common/journal"
	"busbar/dbpoll/database"
	"busbar/fixtures/cases"
	"busbar/fixtures/cluster"
)

// A server is a database of one kind, with somebody who writes it.
type server struct {
	name, url string
	exec      func(t testing.TB, statements string)
}

var shared cluster.Shared

func TestMain(m *testing.M) { os.Exit(shared.Run(m.Run)) }

func servers(t *testing.T) []server {
	ctx := context.Background()
	must := func(t testing.TB, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	p, pgDatabase, err := shared.Postgres(ctx, "")
	must(t, err)
	m, mariaDatabase, err := shared.MariaDB(ctx)
	must(t, err)
	file := filepath.Join(t.TempDir(), "tea.db")
	lite, err := sql.Open("sqlite", file)
	must(t, err)
	t.Cleanup(func() { lite.Close() })
	return []server{
		{database.PostgreSQL, p.URL("postgres", pgDatabase), func(t testing.TB, text string) {
			_, err := p.SQL(ctx, "postgres", pgDatabase, text)
			must(t, err)
		}},
		{database.MariaDB, m.URL("root", mariaDatabase), func(t testing.TB, text string) {
			_, err := m.SQL(ctx, mariaDatabase, text)
			must(t, err)
		}},
		{database.SQLite, "sqlite:" + file, func(t testing.TB, text string) {
			_, err := lite.Exec(text)
			must(t, err)
		}},
	}
}

// A trial is a table that is compared again and again by one State.
type trial struct {
	server
	t     *testing.T
	rows  int // at the beginning
	rnd   *rand.Rand
	db    *database.DB
	j     *journal.Journal
	st    *State
	known map[string]string // rows as they were told
	wait  []Change          // not durable yet
	most  int
}

func (tr *trial) snapshot(read func(*database.Snapshot) error) {
	tr.t.Helper()
	s, err := tr.db.Begin(tr.t.Context())
	if err == nil {
		err = read(s)
	}
	if cerr := s.Close(); err != nil || cerr != nil {
		tr.t.Fatal(err, cerr)
	}
}

func printed(c dbrow.Columns) string {
	text := ""
	for _, name := range slices.Sorted(maps.Keys(c)) {
		if text += name + "="; c[name] != nil {
			text += fmt.Sprintf("%q", *c[name])
		}
	}
	return text
}

// odd tells a key of two rows, or with NULL: such rows are not followed.
const odd = "odd"

// there is what the table holds, without odd rows.
func (tr *trial) there() map[string]string {
	rows, table := map[string]string{}, tr.st.Table()
	table.Where = "part <> '" + odd + "'"
	tr.snapshot(func(s *database.Snapshot) error {
		return s.Full(tr.t.Context(), table, func(r database.Row) error {
			rows[joinKey(r.Key)] = printed(r.Columns)
			return nil
		})
	})
	return rows
}

func (tr *trial) store(states []event.State) error {
	_, err := tr.j.Append(tr.t.Context(), journal.Record{Origin: "test", States: states})
	return err
}

// tell makes the first n changes durable.
func (tr *trial) tell(n int) {
	var seen []event.State
	for _, c := range tr.wait[:n] {
		seen = append(seen, c.Seen)
	}
	if len(seen) > 0 {
		if err := tr.store(seen); err != nil {
			tr.t.Fatal(err)
		}
	}
	for _, c := range tr.wait[:n] {
		tr.st.Published(c)
		if tr.known[joinKey(c.Key)] = printed(c.After); c.After == nil {
			delete(tr.known, joinKey(c.Key))
		}
	}
	tr.wait = tr.wait[n:]
}

// compare compares, and gives how many changes there are.
func (tr *trial) compare() (found Found) {
	tr.snapshot(func(s *database.Snapshot) (err error) {
		found, err = tr.st.Compare(tr.t.Context(), s, tr.most)
		return err
	})
	for _, c := range found.Changes {
		if strings.HasSuffix(c.Seen.Key, "/"+odd) {
			tr.t.Fatalf("of an odd row is told %+v", c)
		}
	}
	tr.wait = append(tr.wait, found.Changes...)
	return found
}

// load begins again with what is in the journal.
func (tr *trial) load() {
	st, err := Load(tr.t.Context(), tr.j.Reader(), "table plain", tr.st.table)
	if err != nil {
		tr.t.Fatal(err)
	}
	tr.st, tr.wait = st, nil
}

// change makes one change at random.
func (tr *trial) change() string {
	id := func() string { return fmt.Sprint(tr.rnd.IntN(tr.rows)) }
	word := func() string {
		return []string{"NULL", "''", "'mint'", "'sage'", "'thé'", "'" + strings.Repeat("x", 300) + "'"}[tr.rnd.IntN(6)]
	}
	switch tr.rnd.IntN(9) {
	case 0:
		return "INSERT INTO plain VALUES (" + id() + ", 'new" + id() + "', " + word() + ", 1.5, " + id() + ")"
	case 1:
		return "DELETE FROM plain WHERE id = " + id() + " AND part <> '" + odd + "'"
	case 2: // exchanged values
		return "UPDATE plain SET name = CASE name WHEN 'mint' THEN 'sage' ELSE 'mint' END WHERE name IN ('mint', 'sage') AND id % 40 = " + id() + " % 40"
	case 3: // another key
		return "UPDATE plain SET id = id + 4000 WHERE id = " + id() + " AND part = 'a'"
	case 4: // alike
		return "UPDATE plain SET name = " + word() + ", f = 0.1 WHERE id % 100 = " + id() + " % 100"
	case 5:
		return "UPDATE plain SET count = count + 1 WHERE id BETWEEN " + id() + " AND " + id()
	default:
		return "UPDATE plain SET name = " + word() + " WHERE id = " + id()
	}
}

// log tells of a row what may be wrong, as a log does that comes late.
func (tr *trial) log() {
	for key := range tr.known {
		text := "from the log"
		parts := splitKey(key)
		after := columns("id", parts[0], "part", parts[1], "name", text, "f", "1", "count", "7")
		if tr.rnd.IntN(3) == 0 {
			after = nil
		}
		tr.wait = append(tr.wait, tr.st.Note(parts, nil, after, nil, "m"))
		return
	}
}

// TestRandomChanges: whatever changes, however late changes are durable, whatever
// another source says meanwhile, and wherever it is begun again: what is known at
// the end is what the table holds. A table that did not change is not read.
func TestRandomChanges(t *testing.T) {
	for _, server := range servers(t) {
		t.Run(server.name, func(t *testing.T) {
			t.Parallel()
			tr := &trial{server: server, t: t, rows: cases.Of(600, 3000), rnd: rand.New(rand.NewPCG(1, 2)), known: map[string]string{}}
			real := map[string]string{database.PostgreSQL: "real", database.MariaDB: "float", database.SQLite: "real"}[server.name]
			server.exec(t, "CREATE TABLE plain (id integer, part varchar(40), name varchar(400), f "+real+", count integer)")
			var rows []string
			for i := range tr.rows {
				rows = append(rows, fmt.Sprintf("(%d, '%s', 'mint', 0.25, %d)", i, []string{"a", "A", "é/%", ""}[i%4], i%7))
			}
			server.exec(t, "INSERT INTO plain VALUES "+strings.Join(rows, ", "))
			ctx := t.Context()
			var err error
			if tr.db, err = database.Open(ctx, database.Options{URL: server.url}); err != nil {
				t.Fatal(err)
			}
			defer tr.db.Close()
			tr.j, err = journal.Open(ctx, journal.Options{Path: filepath.Join(t.TempDir(), "journal.db"),
				Identity: journal.Identity{Prefix: "org.example", Environment: "dev", Name: "compare", Username: "dbpoll"}})
			if err != nil {
				t.Fatal(err)
			}
			defer tr.j.Close()
			var table database.Table
			tr.snapshot(func(s *database.Snapshot) (err error) {
				table, err = s.Complete(ctx, database.Table{Name: "plain", Key: []string{"id", "part"}})
				return err
			})
			tr.st = &State{table: table}
			tr.load()
			tr.snapshot(func(s *database.Snapshot) error { return tr.st.Baseline(ctx, s, tr.store) })
			tr.known = tr.there()
			told, partly := 0, 0
			for round := range 40 {
				tr.most = []int{20000, 20000, 30}[tr.rnd.IntN(3)]
				var changes []string
				for range 1 + tr.rnd.IntN(3) {
					changes = append(changes, tr.change())
				}
				server.exec(t, strings.Join(changes, "; "))
				switch round {
				case 10:
					server.exec(t, "INSERT INTO plain VALUES (1, '"+odd+"', 'x', 1, 1), (1, '"+odd+"', 'y', 1, 1), (NULL, '"+odd+"', 'z', 1, 1)")
				case 20:
					server.exec(t, "DELETE FROM plain WHERE part = '"+odd+"'")
				case 15, 30:
					tr.load()
				case 25:
					tr.st.pass = ^uint16(0) - 2 // soon comes round
				}
				if tr.rnd.IntN(3) == 0 {
					tr.log()
				}
				before := tr.st.reading
				found := tr.compare()
				if told += len(found.Changes); len(found.Changes) > 0 && !tr.st.readAllSince(before) {
					partly++
				}
				if isOdd := round >= 10 && round < 20; isOdd != (found.Err != nil) {
					t.Errorf("round %d: of odd rows is said %v", round, found.Err)
				}
				if tr.tell(tr.rnd.IntN(len(tr.wait) + 1)); tr.rnd.IntN(2) == 0 {
					continue // the others are found again
				}
				for tr.tell(len(tr.wait)); len(tr.compare().Changes) > 0; {
					tr.tell(len(tr.wait))
				}
				if is := tr.there(); !maps.Equal(is, tr.known) {
					for key := range maps.Keys(is) {
						if is[key] != tr.known[key] {
							t.Errorf("%s is %s, and known as %q", key, is[key], tr.known[key])
						}
					}
					t.Fatalf("round %d: %d rows are there, %d known; after %q", round, len(is), len(tr.known), changes)
				}
			}
			t.Logf("%d changes; %d of 40 comparisons read some buckets", told, partly)
			for tr.tell(len(tr.wait)); len(tr.compare().Changes) > 0; {
				tr.tell(len(tr.wait))
			}
			if server.name == database.SQLite {
				return
			}
			if partly < 5 {
				t.Errorf("%d comparisons read some buckets only", partly)
			}
			tr.compare()
			for i, b := range tr.st.buckets {
				if b.reading == tr.st.reading {
					t.Errorf("nothing changed, and bucket %d is read", i)
				}
			}
		})
	}
}

// readAllSince tells whether a comparison after another one read all rows.
func (st *State) readAllSince(reading uint64) bool {
	return !slices.ContainsFunc(st.buckets, func(b bucket) bool { return b.reading <= reading })
}
