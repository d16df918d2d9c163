package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"busbar/fixtures/bugtracker"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"soapbus": main})
}

// TestScripts runs the real program beside a bug tracker that answers as
// debbugs does, with bugs 700001 to 700003. Beside testscript's own commands
// there are:
//
//	tracker report PACKAGE TITLE
//	tracker mail BUG TO TEXT      to N-TO@, or N@ if TO is -
//	tracker control COMMAND
//	tracker usertag TAG BUG
//	tracker delete BUG
//	tracker away, tracker back    the server fails, and answers again
//	poll TEXT COMMAND...          run a command until it says TEXT
//	code N COMMAND...             run a command, which must exit with N
//	fetch TEXT URL                get a page until it has TEXT
//	term                          end what runs in the background as systemd does
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", RequireExplicitExec: true, UpdateScripts: *update,
		Setup: func(env *testscript.Env) error {
			env.Setenv("BUSBAR_ETC", env.WorkDir+"/etc")
			p := newPlace()
			env.Defer(p.server.Close)
			env.Values[placeKey{}] = p
			env.Setenv("TRACKER", p.server.URL)
			for _, name := range []string{"PORT", "METRICS"} {
				l, err := net.Listen("tcp", "127.0.0.1:0")
				if err != nil {
					return err
				}
				env.Setenv(name, strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
				if err := l.Close(); err != nil {
					return err
				}
			}
			config := fmt.Sprintf("[bus]\njournal = %q\nname = \"bugs\"\n[sign]\nbackend = \"none\"\n[soap]\nurl = %q\ncontact = \"nora@example.org\"\n"+
				"first = 700001\nrate = 6000\ninterval = \"1s\"\nfull = \"1s\"\ngrace = \"0s\"\nusers = [\"qa@example.org\"]\n", env.WorkDir+"/journal.db", p.server.URL)
			return os.WriteFile(env.WorkDir+"/soapbus.toml", []byte(config), 0o600)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"tracker": trackerCmd, "poll": poll, "code": code, "fetch": fetch, "term": term},
	})
}

// A place is the tracker of one script.
type place struct {
	*bugtracker.Tracker
	server *httptest.Server
	n      int
}

type placeKey struct{}

func newPlace() *place {
	p := &place{Tracker: bugtracker.New(bugtracker.Options{First: 700001})}
	for _, title := range []string{"is cold", "тоже холодный", "12345"} {
		p.Report(bugtracker.Report{Package: "tea", Version: "1-1", Letter: p.letter("tea: "+title, "It is.\n")})
	}
	p.server = httptest.NewServer(p.Handler())
	return p
}

func (p *place) letter(subject, text string) bugtracker.Letter {
	p.n++
	return bugtracker.Letter{From: "Jürgen Müller <jm@example.org>", Subject: subject, Body: text, MessageID: fmt.Sprintf("script.%d@example.org", p.n)}
}

func trackerCmd(ts *testscript.TestScript, neg bool, args []string) {
	p := ts.Value(placeKey{}).(*place)
	args = append(slices.Clone(args), "", "", "")
	bug, _ := strconv.Atoi(args[1])
	switch args[0] {
	case "report":
		p.Report(bugtracker.Report{Package: args[1], Version: "1-1", Letter: p.letter(args[2], "Text.\n")})
	case "mail":
		p.Mail(bug, strings.TrimPrefix(args[2], "-"), p.letter("Re: tea", args[3]+"\n"))
	case "control":
		if failed := p.Control(p.letter("commands", ""), args[1]); failed > 0 {
			ts.Fatalf("the tracker refuses %q", args[1])
		}
	case "usertag":
		n, err := strconv.Atoi(args[2])
		ts.Check(err)
		p.Usertag("qa@example.org", args[1], []int{n}, nil)
	case "delete":
		p.Delete(bug)
	case "away":
		p.SetWeather(bugtracker.Weather{Failing: 1})
	case "back":
		p.SetWeather(bugtracker.Weather{})
	default:
		ts.Fatalf("the tracker does not know %q", args[0])
	}
}

const patience = 3 * time.Minute // only a failure waits so long

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

func fetch(ts *testscript.TestScript, neg bool, args []string) {
	var last string
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		resp, err := http.Get(args[1])
		if err != nil {
			last = err.Error()
			continue
		}
		var page strings.Builder
		err = resp.Write(&page)
		ts.Check(errors.Join(err, resp.Body.Close()))
		if last = page.String(); strings.Contains(last, args[0]) {
			fmt.Fprint(ts.Stdout(), last)
			return
		}
	}
	ts.Fatalf("%s never had %q; at last: %s", args[1], args[0], last)
}

func term(ts *testscript.TestScript, neg bool, args []string) {
	for _, cmd := range ts.BackgroundCmds() {
		ts.Check(cmd.Process.Signal(syscall.SIGTERM))
	}
}
