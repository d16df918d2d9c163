package search

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"

	"busbar/bus/bustest"
	server "busbar/bus/hub"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"bus": bustest.Main(&Command{}, &server.Command{}), "archived": bustest.Peer(bustest.Archived)})
}

// TestScripts runs the commands, well and badly, as a person would; they have $HTTP, a
// free address.
func TestScripts(t *testing.T) { bustest.Scripts(t, bustest.Free("", "HTTP")) }

func TestQuestion(t *testing.T) {
	for want, args := range map[string][]string{
		``:                                 nil,
		`package:hello drips`:              {"package:hello drips"},
		`package:hello drips "a b"`:        {"package:hello", "drips", `"a b"`},
		`person:"Nora Ortega" -teapot`:     {"person:Nora Ortega", "-teapot"},
		`-person:"Nora Ortega" x`:          {"-person:Nora Ortega", "x"},
		`person:"Nora Ortega" x y`:         {`person:"Nora Ortega"`, "x y"},
		`whistles at: noon package:kettle`: {"whistles at: noon", "package:kettle"},
	} {
		if got := question(args); got != want {
			t.Errorf("%q: %s", args, cmp.Diff(want, got))
		}
	}
}
