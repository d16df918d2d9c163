package watch

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"busbar/adapters/tables"
	"busbar/common/journal"
	"busbar/common/translate"
	"busbar/dbpoll/database"
)

// running is a poller that goes on, which polls when the function is called and
// gives what is new.
func (s *site) running() func() []string {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	s.t.Cleanup(cancel)
	j, err := journal.Open(ctx, journal.Options{Path: s.file, Identity: journal.Identity{Prefix: "org.example", Environment: "dev", Name: "watch", Username: "dbpoll"}})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { j.Close() })
	db, err := database.Open(ctx, database.Options{URL: s.url, Application: "dbpoll test", Fetch: 3})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { db.Close() })
	tr, err := tables.New([]tables.Spec{s.spec})
	if err != nil {
		s.t.Fatal(err)
	}
	w := Open(Options{DB: db, Journal: j, Source: "table " + s.spec.Table, Table: s.spec, Full: time.Nanosecond})
	return func() (news []string) {
		s.t.Helper()
		for first := true; first || w.more; first = false {
			if w.settle(ctx) != nil || w.read(ctx) != nil {
				s.t.Fatalf("reading: %v %v", w.settle(ctx), w.read(ctx))
			}
			for w.Ready() > 0 {
				it, _, done, err := w.Next(ctx)
				if err != nil {
					s.t.Fatal(err)
				}
				events, err := tr.Translate(translate.Item[tables.Change]{Value: it.Value.(tables.Change)})
				if _, serr := j.Append(ctx, journal.Record{States: it.States}); serr != nil {
					s.t.Fatal(err, serr)
				}
				for _, e := range events {
					news = append(news, e.Kind.Topic[strings.LastIndexByte(e.Kind.Topic, '.')+1:]+" "+e.Kind.Sentence(e.Body))
				}
				done(nil)
			}
		}
		slices.Sort(news)
		return news
	}
}

// TestAlteredTable: columns that come, go or change their names, under a running
// poll or between two, are read as they are from then on: no change of a row is
// passed over, and none is published that the row did not have.
func TestAlteredTable(t *testing.T) {
	t.Parallel()
	for _, p := range places(t) {
		for _, how := range []string{"running", "between"} {
			t.Run(p.name+" "+how, func(t *testing.T) {
				p.exec(t, "DROP TABLE IF EXISTS tea; CREATE TABLE tea (id integer PRIMARY KEY, name varchar(20), mood varchar(20)); INSERT INTO tea VALUES (1, 'mint', 'x'), (2, 'sage', 'y')")
				s := newSite(t, p, "tea", []string{"id"}, nil, "{{.id}} {{.name}}{{.label}} {{.mood}} {{.price}}")
				poll := func() []string { return s.poll() }
				if how == "running" {
					poll = s.running()
				}
				want(t, "at first", poll())
				for _, step := range []struct {
					alter, change string
					want          []string
				}{
					{"ALTER TABLE tea ADD COLUMN price varchar(20)", "UPDATE tea SET price = '7' WHERE id = 1", []string{"update 1 mint x 7"}},
					{"ALTER TABLE tea DROP COLUMN mood", "UPDATE tea SET price = '8' WHERE id = 2", []string{"update 2 sage 8"}},
					{"ALTER TABLE tea RENAME COLUMN name TO label", "UPDATE tea SET label = 'green' WHERE id = 2", []string{"update 2 green 8"}},
					{"DROP TABLE tea; CREATE TABLE tea (id varchar(9) PRIMARY KEY, label varchar(20)); INSERT INTO tea VALUES ('1', 'mint'), ('2', 'green')",
						"UPDATE tea SET label = 'black' WHERE id = '1'; INSERT INTO tea VALUES ('x', 'rye')", []string{"create x rye", "update 1 black"}},
				} {
					p.exec(t, step.alter)
					want(t, step.alter, poll())
					p.exec(t, step.change)
					got := poll()
					for i := range got {
						got[i] = strings.TrimSpace(got[i])
					}
					want(t, step.change, got, step.want...)
				}
			})
		}
	}
}

// TestMixedEncodings: columns of several encodings in one table, and dates of
// noughts in its key, in MariaDB.
func TestMixedEncodings(t *testing.T) {
	t.Parallel()
	for _, p := range places(t) {
		if p.name != "MariaDB" {
			continue
		}
		p.exec(t, "SET sql_mode = ''; CREATE TABLE tea (k varchar(9) CHARACTER SET latin1, d date, a varchar(9) CHARACTER SET ucs2, b varchar(9) CHARACTER SET cp1251, c varbinary(9),"+
			" e varchar(9) CHARACTER SET sjis, f text CHARACTER SET utf8mb4, g varchar(9) CHARACTER SET utf8mb3, PRIMARY KEY (k, d));"+
			"INSERT INTO tea VALUES ('ä', '0000-00-00', 'ж', 'ж', x'ff00', '日', '☕', 'é'), ('b', '2026-00-00', 'a', 'b', 'c', 'e', 'f', 'g')")
		s := newSite(t, p, "tea", []string{"k", "d"}, nil, "{{.k}} {{.d}} {{.a}} {{.b}} {{.c}} {{.e}} {{.f}} {{.g}}")
		want(t, "at first", s.poll())
		for _, c := range []string{"a", "b", "c", "e", "f", "g"} {
			p.exec(t, "UPDATE tea SET "+c+" = 'x' WHERE k = 'b'")
			if news := s.poll(); len(news) != 1 || !strings.HasPrefix(news[0], "update b 2026-00-00 x") && c == "a" {
				t.Errorf("%s changes: told %q", c, news)
			}
		}
		p.exec(t, "SET sql_mode = ''; UPDATE tea SET b = 'Ж' WHERE k = 'ä'")
		want(t, "the other row", s.poll(), `update ä 0000-00-00 ж Ж \xff00 日 ☕ é`)
		ctx := context.Background()
		db, err := database.Open(ctx, database.Options{URL: p.url})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		snap, err := db.Begin(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if err := snap.Keyed(ctx, database.Table{Name: "tea", Key: []string{"k", "d"}}); err != nil {
			t.Errorf("each row has a key, and is said to have none: %v", err)
		}
		if err := snap.Close(); err != nil {
			t.Error(err)
		}
	}
}
