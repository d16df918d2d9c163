package main

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	_ "modernc.org/sqlite" // the driver

	"busbar/common/programtest"
	"busbar/fixtures/buildqueue"
	"busbar/fixtures/cluster"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"dbpoll": main})
}

// TestScripts runs the real program against a real PostgreSQL and SQLite. Each
// script has a database of its own: $DATABASE on the server at $SERVER, with a
// build queue for amd64 and arm64. Beside [programtest.Scripts]' commands there are:
//
//	sql ROLE FILE           run a file in the script's database, as a role
//	sqlite DB FILE          run a file in a SQLite database
func TestScripts(t *testing.T) {
	server, err := cluster.StartPostgres(t.Context(), filepath.Join(t.TempDir(), "pg"), cluster.PostgresOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	// The scripts' schemas are made at the same time; roles belong to all of them.
	if _, err := server.SQL(t.Context(), "postgres", "postgres", "CREATE ROLE wbadm LOGIN; CREATE ROLE guest LOGIN;"); err != nil {
		t.Fatal(err)
	}
	notify, err := filepath.Abs("../contrib/sql/wanna-build-notify.sql")
	if err != nil {
		t.Fatal(err)
	}
	var databases atomic.Int64
	scripts := programtest.Scripts{
		Program: "dbpoll", Ports: []string{"PORT", "METRICS", "CLOSED"},
		Commands: map[string]programtest.Command{
			"sqlite": sqlite,
			"sql": func(ts *testscript.TestScript, neg bool, args []string) {
				out, err := server.SQL(t.Context(), args[0], ts.Getenv("DATABASE"), ts.ReadFile(args[1]))
				ts.Check(err)
				fmt.Fprint(ts.Stdout(), out)
			},
		},
		Setup: func(env *testscript.Env) error {
			name := "script" + strconv.FormatInt(databases.Add(1), 10)
			if _, err := server.SQL(t.Context(), "postgres", "postgres", "CREATE DATABASE "+name); err != nil {
				return err
			}
			if _, err := server.SQL(t.Context(), "postgres", name, buildqueue.Schema+architectures); err != nil {
				return err
			}
			env.Setenv("DATABASE", name)
			env.Setenv("NOTIFY", notify)
			env.Setenv("SERVER", "127.0.0.1:"+strconv.Itoa(server.Port))
			return nil
		},
	}
	// The scripts run at the same time; the server is stopped after the last.
	t.Run("group", scripts.Run)
}

const architectures = `
INSERT INTO distributions (distribution) VALUES ('sid');
SELECT add_architecture('amd64'), add_architecture('arm64');
`

func sqlite(ts *testscript.TestScript, neg bool, args []string) {
	db, err := sql.Open("sqlite", "file:"+ts.MkAbs(args[0])+"?_pragma=busy_timeout(10000)")
	ts.Check(err)
	defer db.Close()
	_, err = db.Exec(ts.ReadFile(args[1]))
	ts.Check(err)
}

func write(t *testing.T, name, text string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	return path
}
