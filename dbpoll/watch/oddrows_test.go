package watch

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"busbar/adapters/tables"
)

// newSite is a table that is polled, with a journal of its own.
func newSite(t *testing.T, p place, table string, key, watch []string, sentence string) *site {
	return &site{place: p, t: t, file: filepath.Join(t.TempDir(), "journal.db"), spec: tables.Spec{
		Table: table, Topic: "shop." + table, Key: key, Watch: watch, Sentence: sentence}}
}

// TestOddRowsHoldUpNoOthers: a row without a key, or with another one's, is an
// error that names it as long as it is there; all other rows are published.
func TestOddRowsHoldUpNoOthers(t *testing.T) {
	t.Parallel()
	for _, p := range places(t) {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			p.exec(t, "CREATE TABLE tea (shop varchar(9), id integer, name varchar(20)); INSERT INTO tea VALUES ('a', 1, 'mint'), ('a', 2, 'sage')")
			s := newSite(t, p, "tea", []string{"shop", "id"}, []string{"name"}, "{{.shop}}/{{.id}} {{.name}}")
			want(t, "at first", s.poll())
			p.exec(t, "INSERT INTO tea VALUES (NULL, 3, 'x'), ('a', 2, 'twice'), ('a', 4, 'new'), ('b', 5, 'x'), ('b', 5, 'y'); UPDATE tea SET name = 'cold mint' WHERE id = 1")
			news, err := s.try()
			want(t, "beside odd rows", news, "update a/1 cold mint", "create a/4 new")
			for _, says := range []string{"NULL in a key column, shop", "two rows have the key a/2", "two rows have the key b/5", "all other rows are followed"} {
				if err == nil || !strings.Contains(err.Error(), says) {
					t.Errorf("it gives %v, want %q", err, says)
				}
			}
			p.exec(t, "DELETE FROM tea WHERE shop IS NULL OR name IN ('twice', 'y'); DELETE FROM tea WHERE id = 4; UPDATE tea SET name = 'green' WHERE id = 2")
			want(t, "when they are in order", s.poll(), "delete a/4 new", "create b/5 x", "update a/2 green")
		})
	}
}

// TestLostRows: a key that is another one each time it is read cannot be
// followed, and that is said of the row and the table.
func TestLostRows(t *testing.T) {
	t.Parallel()
	random := map[string]string{"PostgreSQL": "random()::text", "MariaDB": "CAST(rand() AS CHAR)", "SQLite": "CAST(random() AS text)"}
	for _, p := range places(t) {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			p.exec(t, "CREATE TABLE tea (id integer, name text); INSERT INTO tea VALUES (1, 'mint')")
			p.exec(t, "CREATE VIEW brew AS SELECT CASE WHEN id > 1 THEN "+random[p.name]+" ELSE 'one' END AS k, name FROM tea")
			s := newSite(t, p, "brew", []string{"k"}, []string{"name"}, "{{.name}}")
			want(t, "at first", s.poll())
			p.exec(t, "INSERT INTO tea VALUES (2, 'sage'); UPDATE tea SET name = 'cold mint' WHERE id = 1")
			news, err := s.try()
			want(t, "beside it", news, "update cold mint")
			if err == nil || !strings.Contains(err.Error(), "brew: the row 0.") && !strings.Contains(err.Error(), "brew: the row ") || !strings.Contains(err.Error(), "not found when it is read again") {
				t.Errorf("it gives %v", err)
			}
		})
	}
}

// TestHugeRows: of values of many megabytes, each change is published, at every size
// that a row can have, and beside them all others.
func TestHugeRows(t *testing.T) {
	t.Parallel()
	for _, p := range places(t) {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			text := map[string]string{"PostgreSQL": "text", "MariaDB": "longtext", "SQLite": "text"}[p.name]
			repeat := func(what string, n int) string {
				if p.name == "SQLite" {
					return fmt.Sprintf("replace(hex(zeroblob(%d)), '00', '%s')", n, what)
				}
				return fmt.Sprintf("repeat('%s', %d)", what, n)
			}
			p.exec(t, "CREATE TABLE tea (id integer, a "+text+", b "+text+")")
			const big = 9_000_000
			p.exec(t, "INSERT INTO tea VALUES (1, 'x', 'x'), (2, "+repeat("''", big)+", 'x'), (3, "+repeat("a", big)+", "+repeat("b", big)+"), (4, "+repeat("a", 300_000)+", 'x')")
			s := newSite(t, p, "tea", []string{"id"}, nil, "{{.id}}")
			want(t, "at first", s.poll())
			for id, change := range map[int]string{1: "a = 'y'", 2: "a = a || 'changed'", 3: "b = 'c' || b", 4: "a = a || 'z'"} {
				if p.name == "MariaDB" {
					change = map[int]string{1: change, 2: "a = CONCAT(a, 'changed')", 3: "b = CONCAT('c', b)", 4: "a = CONCAT(a, 'z')"}[id]
				}
				p.exec(t, fmt.Sprintf("UPDATE tea SET %s WHERE id = %d", change, id))
			}
			want(t, "each changed", s.poll(), "update 1", "update 2", "update 3", "update 4")
			last := repeat("a", big-1) + " || 'b'"
			if p.name == "MariaDB" {
				last = "CONCAT(" + repeat("a", big-1) + ", 'b')"
			}
			p.exec(t, "UPDATE tea SET a = "+last+" WHERE id = 3")
			want(t, "the last byte", s.poll(), "update 3")
			want(t, "once", s.poll())
			p.exec(t, "DELETE FROM tea WHERE id > 1")
			want(t, "gone", s.poll(), "delete 2", "delete 3", "delete 4")
			want(t, "imported", s.poll(func(o *Options) { o.Import = true }), "create 1")
		})
	}
}

// TestManyColumns: the last of a thousand columns is watched as the first is.
func TestManyColumns(t *testing.T) {
	t.Parallel()
	for _, p := range places(t) {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			const many = 1000
			var columns []string
			for i := range many {
				columns = append(columns, fmt.Sprintf("c%03d integer", i))
			}
			p.exec(t, "CREATE TABLE wide (id integer, "+strings.Join(columns, ", ")+"); INSERT INTO wide (id, c000) VALUES (1, 1), (2, 1)")
			s := newSite(t, p, "wide", []string{"id"}, nil, "{{.id}} {{.c999}}")
			want(t, "at first", s.poll())
			p.exec(t, "UPDATE wide SET c999 = 7 WHERE id = 1; UPDATE wide SET c250 = 7 WHERE id = 2")
			want(t, "one of many", s.poll(), "update 1 7", "update 2")
		})
	}
}
