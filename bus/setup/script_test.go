package setup

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"busbar/bus/bustest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"bus": bustest.Main(&Command{})})
}

// TestScripts runs the command, well and badly, as a person would.
func TestScripts(t *testing.T) { bustest.Scripts(t) }
