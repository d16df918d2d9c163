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
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"busbar/common/config"
	"busbar/common/program"
	"busbar/fixtures/ports"
)

// Patience is how long a test waits for what must come. It bounds a failure
// alone: nothing that works waits so long.
const Patience = 3 * time.Minute

// step is the pause between two looks at a condition.
const step = 50 * time.Millisecond

var update = flag.Bool("update", false, "rewrite the pages of docs/reference, and what the scripts expect")

// Reference fails when docs/reference/NAME.md is not what the program is: its
// description, its command line (a kong grammar), its configuration and its
// examples; and when a command has no example. With -update the page is written.
func Reference(t *testing.T, p *program.Env, description string, cli any) {
	t.Helper()
	p.Getenv = NothingSet
	m, err := p.Manual(description, cli)
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range m.Without() {
		t.Errorf("%s %s has no example: give it one in %[1]s's examples.go, for --help, the reference and the manual", p.Name, command)
	}
	for _, e := range m.Examples {
		for _, args := range calls(p.Name, e.Line) {
			k, err := kong.New(cli, kong.Name(p.Name), kong.Exit(func(int) {}), kong.Writers(io.Discard, io.Discard))
			if err == nil {
				_, err = k.Parse(args)
			}
			if err != nil {
				t.Errorf("%s does not understand its own example %q: %v", p.Name, e.Line, err)
			}
		}
	}
	var page bytes.Buffer
	if err := m.Markdown(&page); err != nil {
		t.Fatal(err)
	}
	Page(t, p.Name+".md", page.Bytes())
}

var shellWord = regexp.MustCompile(`'[^']*'|"[^"]*"|[|<>&]+|[^\s|<>&]+`)

// calls are the arguments with which an example calls its own program.
func calls(program, line string) (all [][]string) {
	var args []string
	in := false
	words := append(shellWord.FindAllString(strings.NewReplacer("\\\n", " ", "\n", " | ").Replace(line), -1), "|")
	for _, word := range words {
		switch {
		case strings.Trim(word, "|<>&") == "":
			if in {
				all = append(all, args)
			}
			in, args = false, nil
		case in:
			args = append(args, strings.Trim(word, `'"`))
		case word == program || strings.HasSuffix(word, "/"+program):
			in = true
		}
	}
	return all
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

// FreeAddress is an address of this machine, HOST:PORT, that nobody else is given
// while this process is there.
func FreeAddress() (string, error) { return ports.Address() }
