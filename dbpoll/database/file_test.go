package database

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// makeFile makes a database with one tea; journal is its journal mode.
func makeFile(t *testing.T, path, tea, journal string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"PRAGMA journal_mode = " + journal, "CREATE TABLE tea (id integer PRIMARY KEY, name text)", "INSERT INTO tea VALUES (1, '" + tea + "')"} {
		if _, err := db.Exec(text); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestFileReplaced: whatever puts another file in a file's place, the next
// snapshot reads it, and its marker says so.
func TestFileReplaced(t *testing.T) {
	t.Parallel()
	move := func(t *testing.T, dir, name string) { must(t, os.Rename(filepath.Join(dir, "new.db"), name)) }
	ways := map[string]func(t *testing.T, dir, name string){
		"renamed": move,
		"removed first": func(t *testing.T, dir, name string) {
			must(t, os.Remove(name))
			move(t, dir, name)
		},
		"copied over": func(t *testing.T, dir, name string) {
			from, err := os.Open(filepath.Join(dir, "new.db"))
			must(t, err)
			defer from.Close()
			to, err := os.OpenFile(name, os.O_WRONLY|os.O_TRUNC, 0)
			must(t, err)
			_, err = io.Copy(to, from)
			must(t, errors.Join(err, to.Close()))
		},
	}
	for _, journal := range []string{"DELETE", "WAL"} {
		for way, replace := range ways {
			t.Run(journal+" "+way, func(t *testing.T) {
				dir := t.TempDir()
				name := filepath.Join(dir, "tea.db")
				replaced(t, name, journal, func() { replace(t, dir, name) })
			})
		}
		t.Run(journal+" link turned", func(t *testing.T) {
			dir := t.TempDir()
			link := filepath.Join(dir, "link.db")
			must(t, os.Symlink("tea.db", link))
			replacedLink(t, dir, link, journal)
		})
	}
}

func replaced(t *testing.T, name, journal string, replace func()) {
	makeFile(t, name, "mint", journal)
	makeFile(t, filepath.Join(filepath.Dir(name), "new.db"), "sage", journal)
	reads(t, name, replace)
}

func replacedLink(t *testing.T, dir, link, journal string) {
	makeFile(t, filepath.Join(dir, "tea.db"), "mint", journal)
	makeFile(t, filepath.Join(dir, "new.db"), "sage", journal)
	reads(t, link, func() {
		must(t, os.Symlink("new.db", link+".new"))
		must(t, os.Rename(link+".new", link))
	})
}

// reads reads mint, then sage; between them, nothing where there is no file.
func reads(t *testing.T, path string, replace func()) {
	db, err := Open(context.Background(), Options{URL: "sqlite:" + path})
	must(t, err)
	defer db.Close()
	look := func() (tea, marker string) {
		s := begin(t, db)
		marker, ok, err := s.Marker(context.Background(), Table{Name: "tea"})
		if err != nil || !ok {
			t.Fatalf("no marker: %v", err)
		}
		tea, err = s.Value(context.Background(), "SELECT name FROM tea")
		must(t, errors.Join(err, s.Close()))
		return tea, marker
	}
	tea, first := look()
	if again, marker := look(); tea != "mint" || again != "mint" || marker != first {
		t.Fatalf("at first there is %s, then %s, with the markers %s and %s", tea, again, first, marker)
	}
	replace()
	if tea, marker := look(); tea != "sage" || marker == first {
		t.Errorf("after that there is %s, with the markers %s and %s", tea, first, marker)
	}
	must(t, os.Remove(path))
	if _, err := db.Begin(context.Background()); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("a file that is gone gives %v", err)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
