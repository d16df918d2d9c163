package hub

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"busbar/bus/bustest"
	"busbar/bus/log"
	"busbar/bus/replay"
	"busbar/bus/tail"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"bus": bustest.Main(&Command{}, &log.Command{}, &replay.Command{}, &tail.Command{})})
}

// TestScripts runs the command, well and badly, as a person would; they have $HTTP,
// a free address, and $OUT and $IN, free endpoints.
func TestScripts(t *testing.T) {
	bustest.Scripts(t, bustest.Free("", "HTTP"), bustest.Free("tcp://", "OUT", "IN"))
}
