package main

import (
	"fmt"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"busbar/common/programtest"
	"busbar/fixtures/bugtracker"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"soapbus": main})
}

// TestScripts runs the real program beside a bug tracker that answers as
// debbugs does, with bugs 700001 to 700003. Beside [programtest.Scripts]'
// commands there are:
//
//	tracker report PACKAGE TITLE
//	tracker mail BUG TO TEXT      to N-TO@, or N@ if TO is -
//	tracker control COMMAND
//	tracker usertag TAG BUG
//	tracker delete BUG
//	tracker away, silent, back    the server fails, says nothing, and answers again
func TestScripts(t *testing.T) {
	programtest.Scripts{
		Program: "soapbus", Ports: []string{"PORT", "METRICS"}, Commands: map[string]programtest.Command{"tracker": trackerCmd},
		Setup: func(env *testscript.Env) error {
			p := newPlace()
			env.Defer(p.server.Close)
			env.Values[placeKey{}] = p
			env.Setenv("TRACKER", p.server.URL)
			config := fmt.Sprintf("[bus]\njournal = %q\nname = \"bugs\"\n[sign]\nbackend = \"none\"\n[soap]\nurl = %q\ncontact = \"nora@example.org\"\n"+
				"first = 700001\nrate = 6000\ninterval = \"1s\"\nfull = \"1s\"\ngrace = \"0s\"\nusers = [\"qa@example.org\"]\n", env.WorkDir+"/journal.db", p.server.URL)
			return os.WriteFile(env.WorkDir+"/soapbus.toml", []byte(config), 0o600)
		},
	}.Run(t)
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
		p.SetFaults(bugtracker.Faults{Failing: 1})
	case "silent":
		p.SetFaults(bugtracker.Faults{Hanging: 1})
	case "back":
		p.SetFaults(bugtracker.Faults{})
	default:
		ts.Fatalf("the tracker does not know %q", args[0])
	}
}
