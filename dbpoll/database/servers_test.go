package database

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"testing"
	"time"

	"busbar/fixtures/cluster"
)

// A place is a database of one kind, with somebody who writes it.
type place struct {
	name string
	o    Options
	exec func(t testing.TB, statements string)
}

func (p place) open(t testing.TB) *DB {
	t.Helper()
	db, err := Open(context.Background(), p.o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func begin(t testing.TB, db *DB) *Snapshot {
	t.Helper()
	s, err := db.Begin(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func postgresServer(t testing.TB) *cluster.Postgres {
	t.Helper()
	p, err := cluster.StartPostgres(context.Background(), filepath.Join(t.TempDir(), "pg"), cluster.PostgresOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Stop() })
	return p
}

var servers cluster.Shared

func TestMain(m *testing.M) { os.Exit(servers.Run(m.Run)) }

// postgresPlace is an empty database of PostgreSQL.
func postgresPlace(t testing.TB) place {
	t.Helper()
	p, database, err := servers.Postgres(context.Background(), "")
	if err != nil {
		t.Fatal(err)
	}
	return place{"PostgreSQL", Options{URL: p.URL("postgres", database), Application: "dbpoll test", Fetch: 3}, func(t testing.TB, text string) {
		t.Helper()
		if _, err := p.SQL(context.Background(), "postgres", database, text); err != nil {
			t.Fatal(err)
		}
	}}
}

// places are all three kinds.
func places(t *testing.T) []place {
	ctx := context.Background()
	m, database, err := servers.MariaDB(ctx)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "tea #1.db")
	lite, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { lite.Close() })
	if _, err := lite.Exec("PRAGMA journal_mode = WAL"); err != nil {
		t.Fatal(err)
	}
	return []place{
		postgresPlace(t),
		{"MariaDB", Options{URL: m.URL("root", database), StatementTimeout: time.Minute}, func(t testing.TB, text string) {
			t.Helper()
			if _, err := m.SQL(ctx, database, text); err != nil {
				t.Fatal(err)
			}
		}},
		{"SQLite", Options{URL: "sqlite:" + file}, func(t testing.TB, text string) {
			t.Helper()
			if _, err := lite.Exec(text); err != nil {
				t.Fatal(err)
			}
		}},
	}
}
