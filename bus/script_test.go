package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"busbar/common/daemon"
)

// TestMain lets the scripts run the real program, and its peers, from this
// test's own binary.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"bus":       main,
		"feeder":    func() { peer(feed) },
		"mkjournal": func() { peer(makeJournal) },
		"sql":       func() { peer(editJournal) },
	})
}

func peer(run func(args []string) error) {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// TestScripts runs every command of bus, good and bad, as a person would.
func TestScripts(t *testing.T) {
	if out, err := exec.Command(python, "-c", "import zmq").CombinedOutput(); err != nil {
		t.Fatalf("the real libzmq is needed (%v: %s): `make deps` installs python3-zmq", err, out)
	}
	bin := t.TempDir()
	buildAdapters(t, bin)
	pki, err := filepath.Abs("../fixtures/wire/pki")
	if err != nil {
		t.Fatal(err)
	}
	testdata, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("BUSBAR_ETC", e.WorkDir+"/etc")
			endpoint, err := freeEndpoint()
			if err != nil {
				return err
			}
			e.Setenv("ENDPOINT", endpoint)
			e.Setenv("PKI", pki)
			e.Setenv("PYTHON", python)
			e.Setenv("ZMQSUB", filepath.Join(testdata, "zmqsub.py"))
			e.Setenv("BIN", bin)
			e.Setenv("PATH", e.Getenv("PATH")+string(filepath.ListSeparator)+bin)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"waitfor": waitFor},
	})
}

const python = "/usr/bin/python3" // Debian's own, which sees Debian's python3-zmq

func buildAdapters(t *testing.T, into string) {
	t.Helper()
	cmd := exec.Command("go", "build", "-o", into, "busbar/mail2bus", "busbar/dbpoll", "busbar/scmhook", "busbar/soapbus")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building the adapters: %v: %s", err, out)
	}
}

// waitFor waits until a file is there, or somebody listens at an endpoint.
func waitFor(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: waitfor FILE|ENDPOINT")
	}
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if addr, ok := cutEndpoint(args[0]); ok {
			if conn, err := net.Dial("tcp", addr); err == nil {
				conn.Close()
				return
			}
		} else if _, err := os.Stat(ts.MkAbs(args[0])); err == nil {
			return
		}
	}
	ts.Fatalf("%s never came", args[0])
}

// runBus runs bus in this process.
func runBus(t *testing.T, stdin *os.File, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs lockedBuffer
	p := &daemon.Program{Name: "bus", Stdin: stdin, Stdout: &out, Stderr: &errs, Getenv: nothingSet}
	code = run(p, args)
	return code, out.String(), errs.String()
}

// nothingSet is an environment without variables, and no configuration of the
// machine's own.
func nothingSet(name string) string {
	if name == daemon.EtcVariable {
		return "/nonexistent"
	}
	return ""
}
