package main

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"scmhook": main})
}

// TestScripts runs the real program with real git, svn and hg. Beside
// testscript's own commands there are:
//
//	poll TEXT COMMAND...    run a command until it says TEXT
//	code N COMMAND...       run a command, which must exit with N
//	told                    compare refs, and print what is new in the journal
//	term                    end what runs in the background as systemd does
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true, UpdateScripts: *update,
		Setup: func(env *testscript.Env) error {
			env.Setenv("BUSBAR_ETC", env.WorkDir+"/etc")
			for name, value := range map[string]string{
				"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", "HGRCPATH": "/dev/null", "HGUSER": "nora",
				"GIT_AUTHOR_NAME": "Nora Ortega", "GIT_AUTHOR_EMAIL": "nora@example.org",
				"GIT_COMMITTER_NAME": "Nora Ortega", "GIT_COMMITTER_EMAIL": "nora@example.org", "LOGNAME": "nora",
				"GIT_AUTHOR_DATE": "1700000000 +0000", "GIT_COMMITTER_DATE": "1700000000 +0000", // ids are shown
			} {
				env.Setenv(name, value)
			}
			config := "[bus]\njournal = \"" + env.WorkDir + "/journal.db\"\n[sign]\nbackend = \"none\"\n[scm]\nspool = \"" + env.WorkDir +
				"/spool\"\nrepositories = [\"" + env.WorkDir + "/git/*.git\", \"" + env.WorkDir + "/svn/*\", \"" + env.WorkDir + "/hg/*\"]\ngrace = \"100ms\"\nreconcile = \"1h\"\n"
			if err := os.WriteFile(env.WorkDir+"/scmhook.toml", []byte(config), 0o600); err != nil {
				return err
			}
			for _, dir := range []string{"/spool", "/git"} {
				if err := os.Mkdir(env.WorkDir+dir, 0o700); err != nil {
					return err
				}
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"poll": poll, "code": code, "told": news, "term": term},
	})
}

const patience = 2 * time.Minute

// poll runs a command again and again until its output holds a text.
func poll(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: poll TEXT COMMAND...")
	}
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
