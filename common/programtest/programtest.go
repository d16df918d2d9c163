// Package programtest is what the tests of the programs share: [Scripts] runs a
// program's testdata/script, [Reference] and [Page] hold pages of docs/reference
// against the program, and [Run] runs the program inside the test.
//
// It is for tests alone: layers_test.go sees to it that no program links it. Not
// here: what only one program's scripts do, which stands beside them.
package programtest

import (
	"bytes"
	"flag"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"busbar/common/config"
	"busbar/common/program"
)

// Patience is how long a test waits for what must come. It bounds a failure
// alone: nothing that works waits so long.
const Patience = 3 * time.Minute

// step is the pause between two looks at a condition.
const step = 50 * time.Millisecond

var update = flag.Bool("update", false, "rewrite the pages of docs/reference, and what the scripts expect")

// Reference fails when docs/reference/NAME.md is not what the program is: its
// description, its command line (a kong grammar) and its configuration. With
// -update the page is written.
func Reference(t *testing.T, name, description string, cli, config any) {
	t.Helper()
	var page bytes.Buffer
	if err := program.WriteReference(&page, name, description, cli, config); err != nil {
		t.Fatal(err)
	}
	Page(t, name+".md", page.Bytes())
}

// Page fails when the page of docs/reference, looked for from a program's folder,
// does not hold want. With -update it is written.
func Page(t *testing.T, name string, want []byte) {
	t.Helper()
	File(t, filepath.Join("..", "docs", "reference", name), want)
}

// File is Page for any generated file.
func File(t *testing.T, path string, want []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is out of date: run `make generate` and read the difference", path)
	}
}

// Run runs a program inside the test, with nothing of the machine's own, and
// returns its exit code and what it printed.
func Run(name string, run func(*program.Env, []string) int, stdin io.Reader, args ...string) (code int, stdout, stderr string) {
	var out, errs Output
	code = run(&program.Env{Name: name, Stdin: stdin, Stdout: &out, Stderr: &errs, Getenv: NothingSet}, args)
	return code, out.String(), errs.String()
}

// NothingSet is an environment without variables, and no configuration of the
// machine's own.
func NothingSet(name string) string {
	if name == config.EtcVariable {
		return "/nonexistent"
	}
	return ""
}

// Output keeps what several goroutines print.
type Output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements [io.Writer].
func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

// String is what was printed until now.
func (o *Output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// FreeAddress is an address of this machine, HOST:PORT, that nobody used a moment
// ago.
func FreeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
