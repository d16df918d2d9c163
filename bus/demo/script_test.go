package demo

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"busbar/bus/bustest"
)

func TestMain(m *testing.M) { testscript.Main(m, nil) }

// TestScripts runs the program, well and badly, as a person would: the real one, for all
// of it runs at once.
func TestScripts(t *testing.T) {
	bin := t.TempDir()
	cmd := exec.Command("go", "build", "-o", bin, "busbar/bus", "busbar/mail2bus", "busbar/dbpoll", "busbar/scmhook", "busbar/soapbus")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building the programs: %v: %s", err, out)
	}
	bustest.Scripts(t, func(e *testscript.Env) error {
		e.Setenv("BIN", bin)
		e.Setenv("PATH", bin+string(filepath.ListSeparator)+e.Getenv("PATH"))
		return nil
	})
}
