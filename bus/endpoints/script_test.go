package endpoints

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"busbar/bus/bustest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"bus": bustest.Main(&Command{}), "publisher": bustest.Peer(bustest.Publisher)})
}

// TestScripts runs the command, well and badly, as a person would. The scripts have
// $ONE to $FIVE, endpoints that nobody uses.
func TestScripts(t *testing.T) {
	bustest.NeedPython(t, "zmq")
	bustest.Scripts(t, bustest.Free("tcp://", "ONE", "TWO", "THREE", "FOUR", "FIVE"))
}
