package watch

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"busbar/adapters/tables"
	"busbar/common/event"
	"busbar/common/journal"
	"busbar/common/pump"
	"busbar/common/translate"
	"busbar/dbpoll/database"
	"busbar/fixtures/cluster"
)

// A place is a database of one kind, with somebody who writes it.
type place struct {
	name, url string
	exec      func(t testing.TB, statements string)
}

var servers cluster.Shared

func TestMain(m *testing.M) { os.Exit(servers.Run(m.Run)) }

// postgres is an empty database of PostgreSQL; how says how it is made.
func postgres(t *testing.T, name, how string) place {
	t.Helper()
	p, database, err := servers.Postgres(context.Background(), how)
	if err != nil {
		t.Fatal(err)
	}
	return place{name, p.URL("postgres", database), func(t testing.TB, text string) {
		t.Helper()
		if _, err := p.SQL(context.Background(), "postgres", database, text); err != nil {
			t.Fatal(err)
		}
	}}
}

// places are all three kinds, each empty.
func places(t *testing.T) []place {
	t.Helper()
	ctx := context.Background()
	m, database, err := servers.MariaDB(ctx)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "tea.db")
	lite, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { lite.Close() })
	must := func(t testing.TB, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	return []place{
		postgres(t, "PostgreSQL", ""),
		{"MariaDB", m.URL("root", database), func(t testing.TB, text string) {
			t.Helper()
			_, err := m.SQL(ctx, database, text)
			must(t, err)
		}},
		{"SQLite", "sqlite:" + file, func(t testing.TB, text string) {
			t.Helper()
			_, err := lite.Exec(text)
			must(t, err)
		}},
	}
}

// A site is a table with a poller beside it.
type site struct {
	place
	t    *testing.T
	file string
	spec tables.Spec
	most int
}

// poll polls once, by a poller that is started for it, and gives what is new:
// the last part of the topic, and the sentence.
func (s *site) poll(change ...func(*Options)) []string {
	s.t.Helper()
	news, err := s.try(change...)
	if err != nil {
		s.t.Fatal(err)
	}
	return news
}

func (s *site) try(change ...func(*Options)) (news []string, err error) {
	s.t.Helper()
	told, err := pollAll(s.place, s.file, []tables.Spec{s.spec}, append([]func(*Options){func(o *Options) { o.Most = s.most }}, change...)...)
	return told[s.spec.Table], err
}

// pollAll polls tables once, and gives what is new of each.
func pollAll(p place, file string, specs []tables.Spec, change ...func(*Options)) (news map[string][]string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	all, err := openAll(ctx, p, file, specs, change...)
	if err != nil {
		return nil, err
	}
	defer all.close()
	return all.poll(ctx)
}

// A polled is tables with a poller of each that stays, as the daemon's do.
type polled struct {
	j       *journal.Journal
	db      *database.DB
	tr      translate.Translator[tables.Change]
	watches []*Watch
}

func openAll(ctx context.Context, p place, file string, specs []tables.Spec, change ...func(*Options)) (all *polled, err error) {
	all = &polled{}
	all.j, err = journal.Open(ctx, journal.Options{Path: file, Identity: journal.Identity{Prefix: "org.example", Environment: "dev", Name: "watch", Username: "dbpoll"}})
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			all.close()
		}
	}()
	if all.db, err = database.Open(ctx, database.Options{URL: p.url, Application: "dbpoll test", Fetch: 3}); err != nil {
		return nil, err
	}
	if all.tr, err = tables.New(specs); err != nil {
		return nil, err
	}
	for _, s := range specs {
		o := Options{DB: all.db, Journal: all.j, Source: "table " + s.Table, Table: s, Once: true}
		for _, c := range change {
			c(&o)
		}
		all.watches = append(all.watches, Open(o))
	}
	return all, nil
}

func (all *polled) close() {
	if all.db != nil {
		all.db.Close()
	}
	all.j.Close()
}

// poll polls once, and gives what is new of each table.
func (all *polled) poll(ctx context.Context) (news map[string][]string, err error) {
	before, err := all.j.Reader().LastSeq(ctx)
	if err != nil {
		return nil, err
	}
	for _, w := range all.watches {
		w.polls = 0 // io.EOF comes after one poll
		err = errors.Join(err, pollOne(ctx, w, all.tr))
	}
	news = map[string][]string{}
	batch, rerr := all.j.Reader().After(ctx, before, 5000)
	for _, m := range batch {
		_, e, perr := event.ParseMessage(m.Wire)
		k, ok := all.tr.Kinds.ByTopic(e.Topic)
		if perr != nil || !ok {
			return nil, fmt.Errorf("message %d is of %s (%w)", m.Seq, e.Topic, perr)
		}
		raw, _ := event.Canonical(e.Msg)
		body, derr := k.Decode(raw)
		if derr != nil {
			return nil, derr
		}
		table := body.(tables.Row).Table
		news[table] = append(news[table], k.Topic[strings.LastIndexByte(k.Topic, '.')+1:]+" "+k.Sentence(body))
	}
	for _, list := range news {
		slices.Sort(list)
	}
	return news, errors.Join(err, rerr)
}

func pollOne(ctx context.Context, w *Watch, tr translate.Translator[tables.Change]) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var errs error
	p := &pump.Pump{
		Channel: w, Journal: w.o.Journal, Source: w.o.Source,
		Table: []translate.Translator[any]{translate.Of(tr)},
		OnErr: func(err error) {
			if err != nil {
				errs = errors.Join(errs, err)
				cancel()
			}
		},
	}
	return errors.Join(p.Run(ctx), errs)
}

var spec = tables.Spec{Table: "tea", Topic: "shop.tea", Key: []string{"shop", "id"}, Watch: []string{"name", "price"}, Sentence: "{{.shop}}/{{.id}} {{.name}} {{.price}}"}

const teaTable = `CREATE TABLE tea (shop varchar(40) NOT NULL, id integer NOT NULL, name text, price integer, other text);
INSERT INTO tea VALUES ('a', 1, 'mint', 2, 'x'), ('a', 2, '', NULL, 'x'), ('a/b', 3, NULL, 1, 'x'), ('', 4, 'thé ☕', 10, 'x');`

func want(t *testing.T, what string, got []string, list ...string) {
	t.Helper()
	slices.Sort(list)
	if !slices.Equal(got, list) {
		t.Errorf("%s: told %q, want %q", what, got, list)
	}
}

func TestEveryDialect(t *testing.T) {
	t.Parallel()
	for _, p := range places(t) {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			p.exec(t, teaTable)
			s := &site{place: p, t: t, file: filepath.Join(t.TempDir(), "journal.db"), spec: spec}
			want(t, "at first", s.poll())
			want(t, "nothing happened", s.poll())
			p.exec(t, "INSERT INTO tea VALUES ('c', 5, 'ginger', 4, 'x')")
			p.exec(t, "UPDATE tea SET price = 3 WHERE id = 1; UPDATE tea SET name = NULL WHERE id = 2; UPDATE tea SET other = 'y' WHERE id = 3")
			p.exec(t, "DELETE FROM tea WHERE id = 4")
			want(t, "one of each", s.poll(), "create c/5 ginger 4", "update a/1 mint 3", "update a/2", "delete /4 thé ☕ 10")
			want(t, "once", s.poll())

			p.exec(t, "DELETE FROM tea WHERE id = 5")
			want(t, "it goes", s.poll(), "delete c/5 ginger 4")
			p.exec(t, "INSERT INTO tea VALUES ('c', 5, 'ginger', 4, 'x')")
			want(t, "it comes back", s.poll(), "create c/5 ginger 4")
			p.exec(t, "DELETE FROM tea WHERE id = 5")
			want(t, "it goes again, as before", s.poll(), "delete c/5 ginger 4")
			for range 2 {
				p.exec(t, "UPDATE tea SET price = 9 WHERE id = 1")
				want(t, "up", s.poll(), "update a/1 mint 9")
				p.exec(t, "UPDATE tea SET price = 3 WHERE id = 1")
				want(t, "down", s.poll(), "update a/1 mint 3")
			}

			long := strings.Repeat("so ", 200)
			p.exec(t, "UPDATE tea SET name = '"+long+"' WHERE id = 3")
			want(t, "a long text", s.poll(), "update a/b/3 "+strings.TrimSpace(long)+" 1")
			p.exec(t, "UPDATE tea SET price = 2 WHERE id = 3")
			want(t, "beside a long text", s.poll(), "update a/b/3 "+strings.TrimSpace(long)+" 2")

			p.exec(t, "INSERT INTO tea SELECT 'many', id + 100, 'x', 1, 'x' FROM tea")
			s.most = 2
			want(t, "more than a poll takes", s.poll(), "create many/101 x 1", "create many/102 x 1", "create many/103 x 1")
			p.exec(t, "DELETE FROM tea WHERE shop = 'many'")
			want(t, "more gone than a poll takes", s.poll(), "delete many/101 x 1", "delete many/102 x 1", "delete many/103 x 1")

			want(t, "import", s.poll(func(o *Options) { o.Import = true }), "create a/1 mint 3", "create a/2", "create a/b/3 "+strings.TrimSpace(long)+" 2")
			want(t, "after the import", s.poll())
		})
	}
}

func TestMistakesInEveryDialect(t *testing.T) {
	t.Parallel()
	for _, p := range places(t) {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			p.exec(t, teaTable+"INSERT INTO tea VALUES ('a', 1, 'twice', 2, 'x')")
			s := &site{place: p, t: t, file: filepath.Join(t.TempDir(), "journal.db"), spec: spec}
			if _, err := s.try(); err == nil || !strings.Contains(err.Error(), "two rows have the key a/1") {
				t.Errorf("a key that names two rows gives %v", err)
			}
			s.spec.Watch = []string{"nmae"}
			s.spec.Sentence = ""
			if _, err := s.try(); err == nil || !strings.Contains(err.Error(), `no column "nmae"; its columns are shop, id, name, price, other`) {
				t.Errorf("a missing column gives %v", err)
			}
			s.spec.Table = "coffee"
			if _, err := s.try(); err == nil || !strings.Contains(err.Error(), "coffee") {
				t.Errorf("a missing table gives %v", err)
			}
		})
	}
}

// TestColumnsComeAndGo: what the table gains and loses is no news of each row.
func TestColumnsComeAndGo(t *testing.T) {
	t.Parallel()
	for _, p := range places(t) {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			p.exec(t, teaTable)
			s := &site{place: p, t: t, file: filepath.Join(t.TempDir(), "journal.db"), spec: spec}
			s.spec.Watch = nil
			want(t, "at first", s.poll())
			p.exec(t, "ALTER TABLE tea ADD COLUMN organic varchar(3) DEFAULT 'no'")
			want(t, "a new column", s.poll())
			p.exec(t, "UPDATE tea SET organic = 'yes' WHERE id = 1")
			want(t, "it changes", s.poll(), "update a/1 mint 2")
			p.exec(t, "ALTER TABLE tea DROP COLUMN other")
			want(t, "a column less", s.poll())
			p.exec(t, "UPDATE tea SET price = 5 WHERE id = 1")
			want(t, "afterwards", s.poll(), "update a/1 mint 5")
		})
	}
}
