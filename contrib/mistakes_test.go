package contrib

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"busbar/common/programtest"
)

var (
	process = regexp.MustCompile(`\(process \d+\)`)
	runsAs  = regexp.MustCompile(`program runs as (uid )?\w+([,:])`)
)

// TestMistakes makes the commonest mistakes of people who install and run the programs:
// each is said in one line, the same for ever, and ends with the code that systemd and
// mail systems act on. Beside [programtest.Scripts]' commands the scripts have:
//
//	says CODE LINE COMMAND...   run a command, which must exit with CODE and print LINE
//	hold                        listen at $PORT
func TestMistakes(t *testing.T) {
	bin := filepath.Dir(program(t, "bus"))
	programtest.Scripts{
		Program: "mail2bus", Dir: "testdata/mistakes", Ports: []string{"PORT", "CLOSED"},
		Commands: map[string]programtest.Command{"says": says, "hold": hold},
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", bin+string(os.PathListSeparator)+env.Getenv("PATH"))
			env.Setenv("GIT_CONFIG_GLOBAL", "/dev/null")
			return os.Mkdir(env.WorkDir+"/journal", 0o700)
		},
	}.Run(t)
}

func says(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: says CODE LINE COMMAND...")
	}
	code, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[2], args[3:]...)
	var exit interface{ ExitCode() int }
	got := 0
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%q: %v", args[2:], err)
	}
	out := strings.NewReplacer(ts.Getenv("WORK"), "$WORK", ts.Getenv("PORT"), "$PORT", ts.Getenv("CLOSED"), "$CLOSED").Replace(ts.ReadFile("stdout") + ts.ReadFile("stderr"))
	out = runsAs.ReplaceAllString(process.ReplaceAllString(out, "(process N)"), "program runs as ${1}N${2}")
	found := false
	for line := range strings.Lines(out) {
		found = found || strings.TrimSuffix(line, "\n") == args[1]
	}
	if got != code || !found {
		ts.Fatalf("%q exits with %d, want %d; it says\n%swant the line\n%s", args[2:], got, code, out, args[1])
	}
}

func hold(ts *testscript.TestScript, _ bool, _ []string) {
	l, err := net.Listen("tcp", "127.0.0.1:"+ts.Getenv("PORT"))
	ts.Check(err)
	ts.Defer(func() { l.Close() })
}
