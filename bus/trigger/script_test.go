package trigger

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"busbar/bus/bustest"
)

func TestMain(m *testing.M) {
	if os.Getenv("TRIGGER_TEST_RUNNER") != "" {
		fmt.Fprintln(os.Stderr, runForever(os.Args[1]))
		os.Exit(1)
	}
	testscript.Main(m, map[string]func(){"bus": bustest.Main(&Command{}), "journalled": bustest.Peer(bustest.Journalled)})
}

var shown = regexp.MustCompile("(?s)```sh\n(.*?)```")

// TestScripts runs the command, well and badly, as a person would. The scripts have
// on-event, the program of docs/howto/trigger.md, as it stands there.
func TestScripts(t *testing.T) {
	page, err := os.ReadFile("../../docs/howto/trigger.md")
	if err != nil {
		t.Fatal(err)
	}
	programs := shown.FindAllSubmatch(page, -1)
	if len(programs) != 1 {
		t.Fatalf("the page has %d programs", len(programs))
	}
	bustest.Scripts(t, func(e *testscript.Env) error {
		return os.WriteFile(filepath.Join(e.WorkDir, "on-event"), programs[0][1], 0o700)
	})
}
