package main

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	_ "modernc.org/sqlite" // the driver

	"busbar/common/daemon"
	"busbar/common/sign"
	"busbar/fixtures/buildqueue"
	"busbar/fixtures/cluster"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"dbpoll": main})
}

const patience = 3 * time.Minute // only a failure waits so long

// TestScripts runs the real program against a real PostgreSQL and SQLite. Each
// script has a database of its own: $DATABASE on the server at $SERVER, with a
// build queue for amd64 and arm64. Beside testscript's own commands there are:
//
//	sql ROLE FILE           run a file in the script's database, as a role
//	sqlite DB FILE          run a file in a SQLite database
//	keys                    make keys in keys/
//	poll TEXT COMMAND...    run a command until it says TEXT
//	fetch TEXT URL          read a page until it holds TEXT; it becomes stdout
//	code N COMMAND...       run a command, which must exit with N
//	term                    end what runs in the background as systemd does
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
	commands := map[string]func(*testscript.TestScript, bool, []string){
		"sqlite": sqlite, "keys": keys, "poll": poll, "fetch": fetch, "code": code, "term": term,
		"sql": func(ts *testscript.TestScript, neg bool, args []string) {
			out, err := server.SQL(t.Context(), args[0], ts.Getenv("DATABASE"), ts.ReadFile(args[1]))
			ts.Check(err)
			fmt.Fprint(ts.Stdout(), out)
		},
	}
	// The scripts run at the same time; the server is stopped after the last.
	t.Run("group", func(t *testing.T) {
		testscript.Run(t, testscript.Params{
			Dir: "testdata/script", RequireExplicitExec: true, Cmds: commands,
			Setup: func(env *testscript.Env) error {
				env.Setenv("BUSBAR_ETC", env.WorkDir+"/etc")
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
				for _, port := range []string{"PORT", "METRICS", "CLOSED"} {
					if err := freePort(env, port); err != nil {
						return err
					}
				}
				return nil
			},
		})
	})
}

const architectures = `
INSERT INTO distributions (distribution) VALUES ('sid');
SELECT add_architecture('amd64'), add_architecture('arm64');
`

func freePort(env *testscript.Env, variable string) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	env.Setenv(variable, port)
	return errors.Join(err, l.Close())
}

func sqlite(ts *testscript.TestScript, neg bool, args []string) {
	db, err := sql.Open("sqlite", "file:"+ts.MkAbs(args[0])+"?_pragma=busy_timeout(10000)")
	ts.Check(err)
	defer db.Close()
	_, err = db.Exec(ts.ReadFile(args[1]))
	ts.Check(err)
}

func keys(ts *testscript.TestScript, neg bool, args []string) {
	ca, err := sign.CreateCA(ts.MkAbs("keys"), "Test CA", 1)
	ts.Check(err)
	_, _, err = ca.Issue("dbpoll.example.org", 90)
	ts.Check(err)
}

// poll runs a command again and again until its output holds a text.
func poll(ts *testscript.TestScript, neg bool, args []string) {
	var last string
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		err := ts.Exec(args[1], args[2:]...)
		last = ts.ReadFile("stdout") + ts.ReadFile("stderr")
		if err == nil && strings.Contains(last, args[0]) {
			return
		}
	}
	ts.Fatalf("%q never said %q; at last: %s", args[1:], args[0], last)
}

func code(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	var exit interface{ ExitCode() int }
	got := 0
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%q: %v", args[1:], err)
	}
	if got != want {
		ts.Fatalf("%q exits with %d, want %d", args[1:], got, want)
	}
}

func term(ts *testscript.TestScript, neg bool, args []string) {
	for _, cmd := range ts.BackgroundCmds() {
		ts.Check(cmd.Process.Signal(syscall.SIGTERM))
	}
}

// runHere runs dbpoll in this process.
func runHere(t *testing.T, args ...string) (exit int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	p := &daemon.Program{Name: "dbpoll", Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Getenv: nothingSet}
	exit = run(p, args)
	return exit, out.String(), errs.String()
}

func write(t *testing.T, name, text string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	return path
}

// nothingSet is an environment without variables, and no configuration of the
// machine's own.
func nothingSet(name string) string {
	if name == daemon.EtcVariable {
		return "/nonexistent"
	}
	return ""
}
