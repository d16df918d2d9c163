package subscribe

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"busbar/fixtures/cluster"
)

// TestPostgres: positions in a transaction of the caller's, in PostgreSQL. What was
// rolled back comes again, what was committed does not.
func TestPostgres(t *testing.T) {
	ctx := context.Background()
	server, err := cluster.StartPostgres(ctx, filepath.Join(t.TempDir(), "pg"), cluster.PostgresOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Stop()
	db, err := sql.Open("pgx", server.URL("postgres", "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	h := newHost(t, "notes.host", nil)
	h.write(5)
	s := open(t, Options{DB: db, Postgres: true, From: Start()}, h)
	h.subscribed()
	h.say(5, 5)
	record := func(end func(*sql.Tx) error, ms ...*Message) {
		t.Helper()
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Record(ctx, tx, ms...); err != nil {
			t.Fatal(err)
		}
		if err := end(tx); err != nil {
			t.Fatal(err)
		}
	}
	one, two, three := next(t, s), next(t, s), next(t, s)
	record((*sql.Tx).Rollback, one, two)
	record((*sql.Tx).Commit, one)
	record((*sql.Tx).Commit, three) // before the second
	s.killed.Store(true)
	s.Close()
	h.write(1)
	s = open(t, Options{DB: db, Postgres: true, From: Start()}, h)
	expect(t, s, 2, 4, 5, 6)
	s.Close()
	var seq int64
	if err := db.QueryRow("SELECT seq FROM busbar_position").Scan(&seq); err != nil || seq != 6 {
		t.Errorf("the position is %d, %v", seq, err)
	}
}
