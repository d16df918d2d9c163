package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"busbar/common/programtest"
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
	programtest.Scripts{
		Program: "bus",
		Setup: func(e *testscript.Env) error {
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
	}.Run(t)
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
