package demo

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"busbar/bus/bustest"
	"busbar/bus/catalog"
	"busbar/bus/hub"
	"busbar/bus/tail"
	"busbar/bus/verify"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"bus": bustest.Main(&Command{}, &catalog.Command{}, &hub.Command{}, &tail.Command{}, &verify.Command{})})
}

// TestScripts runs the command, well and badly, as a person would.
func TestScripts(t *testing.T) {
	bin := t.TempDir()
	cmd := exec.Command("go", "build", "-o", bin, "busbar/mail2bus", "busbar/dbpoll", "busbar/scmhook", "busbar/soapbus")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building the adapters: %v: %s", err, out)
	}
	bustest.Scripts(t, func(e *testscript.Env) error {
		e.Setenv("BIN", bin)
		e.Setenv("PATH", e.Getenv("PATH")+string(filepath.ListSeparator)+bin)
		return nil
	})
}
