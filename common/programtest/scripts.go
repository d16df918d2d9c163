package programtest

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"busbar/common/sign"
)

// A Command is a command of a script, beside testscript's own.
type Command = func(ts *testscript.TestScript, neg bool, args []string)

// Scripts are the shell sessions in a program's testdata/script. Each runs in a
// folder of its own, with $BUSBAR_ETC inside it. Beside testscript's own commands
// and those in Commands there are:
//
//	poll TEXT COMMAND...      run a command until it exits with 0 and says TEXT
//	code N COMMAND...         run a command, which must exit with N
//	fetch TEXT URL            read a page, whatever its code, until it holds TEXT; it becomes stdout
//	waitfor FILE|tcp://...    wait until a file is there, or somebody listens, also at a socket
//	keys                      make an authority and keys for PROGRAM.example.org in keys/
//	term                      end what runs in the background as systemd does
//	account ROOT USER DIR     give a folder of the machine in ROOT to its user USER
type Scripts struct {
	Program   string                          // its name
	Dir       string                          // of the scripts; empty: testdata/script
	Ports     []string                        // variables, each of which is set to a free port
	Setup     func(*testscript.Env) error     // for each script; nil: nothing more
	Condition func(cond string) (bool, error) // for [conditions]; nil: testscript's alone
	Commands  map[string]Command              // more of them
}

// Run runs the scripts, side by side.
func (s Scripts) Run(t *testing.T) {
	commands := map[string]Command{"poll": poll, "code": code, "fetch": fetch, "waitfor": waitFor, "keys": s.keys, "term": term, "account": account}
	maps.Copy(commands, s.Commands)
	testscript.Run(t, testscript.Params{
		Dir:                 cmp.Or(s.Dir, "testdata/script"),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       *update,
		Setup:               s.setup,
		Condition:           s.Condition,
		Cmds:                commands,
	})
}

func (s Scripts) setup(env *testscript.Env) error {
	env.Setenv("BUSBAR_ETC", env.WorkDir+"/etc")
	// Each program of a script waits for a second at its end, for races to be seen.
	env.Setenv("GORACE", cmp.Or(os.Getenv("GORACE"), "atexit_sleep_ms=10"))
	for _, variable := range s.Ports {
		address, err := FreeAddress()
		if err != nil {
			return err
		}
		_, port, err := net.SplitHostPort(address)
		if err != nil {
			return err
		}
		env.Setenv(variable, port)
	}
	if s.Setup == nil {
		return nil
	}
	return s.Setup(env)
}

func (s Scripts) keys(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, "keys", !neg && len(args) == 0)
	ca, err := sign.CreateCA(ts.MkAbs("keys"), "Test CA", 1)
	ts.Check(err)
	_, _, err = ca.Issue(s.Program+".example.org", 90)
	ts.Check(err)
}

func poll(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, "poll TEXT COMMAND...", !neg && len(args) >= 2)
	var last string
	// On a busy machine others get as much time as the looks at the condition take.
	began := time.Now()
	for end := began.Add(Patience); began.Before(end); time.Sleep(max(step, time.Since(began))) {
		began = time.Now()
		err := ts.Exec(args[1], args[2:]...)
		last = ts.ReadFile("stdout") + ts.ReadFile("stderr")
		if err == nil && strings.Contains(last, args[0]) {
			return
		}
	}
	ts.Fatalf("%q never said %q; at last: %s", args[1:], args[0], last)
}

func code(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, "code N COMMAND...", !neg && len(args) >= 2)
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

func fetch(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, "fetch TEXT URL", !neg && len(args) == 2)
	last := "nobody answers"
	for end := time.Now().Add(Patience); time.Now().Before(end); time.Sleep(step) {
		r, err := http.Get(args[1])
		if err != nil {
			continue
		}
		page, err := io.ReadAll(r.Body)
		ts.Check(errors.Join(err, r.Body.Close()))
		if last = string(page); strings.Contains(last, args[0]) {
			fmt.Fprint(ts.Stdout(), last)
			return
		}
	}
	ts.Fatalf("%s never said %q; at last: %s", args[1], args[0], last)
}

func waitFor(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, "waitfor FILE|tcp://HOST:PORT", !neg && len(args) == 1)
	for end := time.Now().Add(Patience); time.Now().Before(end); time.Sleep(step) {
		if address, ok := strings.CutPrefix(args[0], "tcp://"); ok {
			if conn, err := net.Dial("tcp", address); err == nil {
				conn.Close()
				return
			}
		} else if info, err := os.Stat(ts.MkAbs(args[0])); err == nil {
			if info.Mode()&os.ModeSocket == 0 {
				return
			}
			// A socket is there before anybody listens.
			conn, err := net.Dial("unix", ts.MkAbs(args[0]))
			if err == nil {
				conn.Close()
			}
			if !errors.Is(err, syscall.ECONNREFUSED) {
				return
			}
		}
	}
	ts.Fatalf("%s never came", args[0])
}

func term(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, "term", !neg && len(args) == 0)
	for _, cmd := range ts.BackgroundCmds() {
		if err := cmd.Process.Signal(syscall.SIGTERM); !errors.Is(err, os.ErrProcessDone) { // it may have ended by itself
			ts.Check(err)
		}
	}
}

func usage(ts *testscript.TestScript, text string, ok bool) {
	if !ok {
		ts.Fatalf("usage: %s", text)
	}
}
