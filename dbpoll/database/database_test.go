package database

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
)

var teas = Table{Name: "tea", Key: []string{"shop", "id"}, Watch: []string{"name", "price"}}

const teaTable = `CREATE TABLE tea (shop varchar(40) NOT NULL, id integer NOT NULL, name text, price numeric(8,2), PRIMARY KEY (shop, id));
INSERT INTO tea VALUES ('Žižkov', 1, 'mint', 2.50), ('Žižkov', 2, '', NULL), ('o''brien "x", \y', 1, NULL, 1), ('a', 3, 'thé ☕', 10), ('a', 4, '(,)', 10);`

func full(t testing.TB, s *Snapshot, table Table) map[string]Row {
	t.Helper()
	rows := map[string]Row{}
	err := s.Full(context.Background(), table, func(r Row) error { rows[strings.Join(r.Key, "|")] = r; return nil })
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func digests(t testing.TB, s *Snapshot, table Table) map[string]Digest {
	t.Helper()
	all := map[string]Digest{}
	err := s.Digests(context.Background(), table, nil, func(key [][]byte, digest Digest) error {
		var k []string
		for _, v := range key {
			k = append(k, string(v))
		}
		all[strings.Join(k, "|")] = digest
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func show(v *string) string {
	if v == nil {
		return "NULL"
	}
	return "'" + *v + "'"
}

func TestEveryDialect(t *testing.T) {
	t.Parallel()
	for _, p := range places(t) {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			ctx := context.Background()
			setup := teaTable
			if p.name == "MariaDB" {
				setup = strings.ReplaceAll(setup, `\y`, `\\y`)
			}
			p.exec(t, setup)
			db := p.open(t)
			if db.Dialect() != p.name {
				t.Errorf("the dialect is %s", db.Dialect())
			}
			s := begin(t, db)
			rows := full(t, s, teas)
			want := map[string]string{"Žižkov|1": "'mint'", "Žižkov|2": "''", `o'brien "x", \y|1`: "NULL", "a|3": "'thé ☕'", "a|4": "'(,)'"}
			for key, name := range want {
				if r, ok := rows[key]; !ok || show(r.Columns["name"]) != name || show(r.Columns["shop"]) != "'"+r.Key[0]+"'" {
					t.Errorf("%s is %+v, want the name %s", key, r, name)
				}
			}
			if len(rows) != len(want) || rows["Žižkov|2"].Columns["price"] != nil {
				t.Errorf("the rows are %v", rows)
			}
			first := digests(t, s, teas)
			for key, r := range rows {
				if first[key] != r.Digest {
					t.Errorf("%s has the digest %x alone and %x in full", key, first[key], r.Digest)
				}
			}
			var some []string
			err := s.Rows(ctx, teas, [][]string{{"a", "4"}, {"gone", "7"}, {`o'brien "x", \y`, "1"}}, func(r Row) error {
				some = append(some, r.Key[0])
				if r.Digest != first[strings.Join(r.Key, "|")] {
					t.Errorf("%s has another digest by its key", r.Key)
				}
				return nil
			})
			if slices.Sort(some); err != nil || !slices.Equal(some, []string{"a", `o'brien "x", \y`}) {
				t.Errorf("by key come %q (%v)", some, err)
			}

			p.exec(t, "UPDATE tea SET name = NULL WHERE id = 2; DELETE FROM tea WHERE shop = 'a' AND id = 3")
			if again := digests(t, s, teas); !reflect.DeepEqual(again, first) {
				t.Errorf("the snapshot moved: %v", again)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = begin(t, db)
			second := digests(t, s, teas)
			if second["Žižkov|2"] == first["Žižkov|2"] || second["Žižkov|1"] != first["Žižkov|1"] {
				t.Errorf("an empty text and NULL, or a changed row and another, are confused: %v, %v", first, second)
			}
			if _, still := second["a|3"]; still || len(second) != 4 {
				t.Errorf("after the deletion there are %v", second)
			}
		})
	}
}

func TestMistakesInEveryDialect(t *testing.T) {
	t.Parallel()
	for _, p := range places(t) {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			ctx := context.Background()
			p.exec(t, "CREATE TABLE loose (id integer, name text); INSERT INTO loose VALUES (1, 'x'), (NULL, 'y')")
			db := p.open(t)
			for _, c := range []struct {
				do   func(*Snapshot) error
				want string
			}{
				{func(s *Snapshot) error { _, err := s.Describe(ctx, "no_such"); return err }, "no_such"},
				{func(s *Snapshot) error {
					_, err := s.Complete(ctx, Table{Name: "loose", Key: []string{"id"}, Watch: []string{"nmae"}})
					return err
				}, `no column "nmae"; its columns are id, name`},
				{func(s *Snapshot) error {
					return s.Full(ctx, Table{Name: "loose", Key: []string{"id"}, Watch: []string{"name"}}, func(Row) error { return nil })
				}, "a row has NULL in a key column, id"},
				{func(s *Snapshot) error { _, err := s.Value(ctx, "SELECT nonsense FROM nowhere"); return err }, "nowhere"},
				{func(s *Snapshot) error {
					_, err := s.Value(ctx, "DELETE FROM loose")
					return err
				}, "read"}, // read-only, in the words of each
			} {
				s := begin(t, db)
				if err := c.do(s); err == nil || !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(c.want)) {
					t.Errorf("it gives %v, want %q", err, c.want)
				}
				if err := s.Close(); err != nil {
					t.Errorf("closing after that: %v", err)
				}
			}
			s := begin(t, db)
			table, err := s.Complete(ctx, Table{Name: "loose", Key: []string{"id"}})
			if err != nil || !slices.Equal(table.Watch, []string{"name"}) {
				t.Errorf("the columns to watch are %v (%v)", table.Watch, err)
			}
			stop := errors.New("enough")
			err = s.Full(ctx, Table{Name: "loose", Key: []string{"name"}}, func(Row) error { return stop })
			if !errors.Is(err, stop) {
				t.Errorf("a visitor that fails gives %v", err)
			}
		})
	}
}

func TestURLs(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                               "no url is set",
		"oracle://x/y":                   "is none of",
		"mysql://u@h":                    "names no database",
		"postgres://u:geheim@h:port/db":  "xxxxx",
		"postgres://u@h/db?sslmode=what": "sslmode",
	} {
		_, err := Open(context.Background(), Options{URL: text})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%q gives %v, want %q", text, err, want)
		}
	}
	for text, want := range map[string]string{
		"postgres://u:geheim@h/db":          "postgres://u:xxxxx@h/db",
		"postgres://h/db?password=geheim":   "postgres://h/db?password=xxxxx",
		"host=h password=geheim dbname=tea": "host=h password=xxxxx dbname=tea",
		"sqlite:/tmp/x":                     "sqlite:/tmp/x",
	} {
		if got := Redact(text); got != want {
			t.Errorf("%s is shown as %s, want %s", text, got, want)
		}
	}
	db, err := Open(context.Background(), Options{URL: "postgres://u:geheim@127.0.0.1:1/db"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Begin(context.Background()); err == nil || strings.Contains(err.Error(), "geheim") {
		t.Errorf("a server that is away gives %v", err)
	}
}

func TestDecode(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"": "", "plain": "plain", "thé": "thé", "th\xe9 thé": "thé thé", "\x80\xff": "€ÿ"} {
		got, was := decode([]byte(in))
		if *got != want || was != (in != want) {
			t.Errorf("%q is %q (%v), want %q", in, *got, was, want)
		}
	}
	if got, _ := decode(nil); got != nil {
		t.Errorf("NULL is %q", *got)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("th\xe9 \xc3\xa9"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, was := decode(raw)
		if raw == nil || got == nil {
			return
		}
		if (*got != string(raw)) != was || fmt.Sprintf("%+q", *got) == "" || !strings.EqualFold(strings.ToValidUTF8(*got, ""), *got) {
			t.Errorf("%q is %q (%v)", raw, *got, was)
		}
	})
}
