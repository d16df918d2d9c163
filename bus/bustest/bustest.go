// Package bustest runs commands of bus in their own packages' tests, beside peers
// that are not ours. It is for tests alone.
package bustest

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/rogpeppe/go-internal/testscript"

	"busbar/common/program"
	"busbar/common/programtest"
	"busbar/common/show"
)

// Python is Debian's own, which sees Debian's python3-zmq.
const Python = "/usr/bin/python3"

// Run is bus with these commands alone, for [programtest.Run].
func Run(commands ...any) func(*program.Env, []string) int {
	return func(p *program.Env, args []string) int {
		var cli struct {
			program.Globals
			kong.Plugins
		}
		cli.Plugins = commands
		return p.Main(&cli, "Follows and operates the bus.", args, &cli.Globals)
	}
}

// Main is the same as a program, for [testscript.Main].
func Main(commands ...any) func() {
	return func() {
		p := &program.Env{Name: "bus", Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv, Environ: os.Environ}
		os.Exit(Run(commands...)(p, os.Args[1:]))
	}
}

// Peer is another program of a script, likewise.
func Peer(run func(args []string) error) func() {
	return func() {
		if err := run(os.Args[1:]); err != nil {
			show.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

// Scripts runs testdata/script. The scripts have $ENDPOINT, which nobody uses,
// $PKI, the keys of fixtures/wire, and $TESTDATA.
func Scripts(t *testing.T, setup ...func(*testscript.Env) error) {
	t.Helper()
	pki, err := filepath.Abs("../../fixtures/wire/pki")
	if err != nil {
		t.Fatal(err)
	}
	testdata, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	setup = append(setup, Free("tcp://", "ENDPOINT"))
	programtest.Scripts{Program: "bus", Setup: func(e *testscript.Env) error {
		e.Setenv("PKI", pki)
		e.Setenv("TESTDATA", testdata)
		e.Setenv("PYTHON", Python)
		for _, more := range setup {
			if err := more(e); err != nil {
				return err
			}
		}
		return nil
	}}.Run(t)
}

// Free gives scripts addresses that nobody used a moment ago, each behind scheme, as
// the variables of these names.
func Free(scheme string, names ...string) func(*testscript.Env) error {
	return func(e *testscript.Env) error {
		for _, name := range names {
			address, err := programtest.FreeAddress()
			if err != nil {
				return err
			}
			e.Setenv(name, scheme+address)
		}
		return nil
	}
}

// NeedPython fails, and never skips, where modules of Python are missing:
// interoperation is a promise.
func NeedPython(t *testing.T, modules string) {
	t.Helper()
	if out, err := exec.Command(Python, "-c", "import "+modules).CombinedOutput(); err != nil {
		t.Fatalf("Python's %s are needed (%v: %s): `make deps` installs them", modules, err, out)
	}
}

// Background starts a program that ends with the test, by SIGTERM.
func Background(t *testing.T, name string, args ...string) (io.WriteCloser, *bufio.Scanner) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), programtest.Patience)
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second // then it is killed
	cmd.Stderr = t.Output()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); cmd.Wait() })
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 16<<20)
	return in, lines
}
