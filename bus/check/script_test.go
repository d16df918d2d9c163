package check

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"busbar/bus/bustest"
	"busbar/bus/hub"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"bus": bustest.Main(&Command{}, &hub.Command{}), "publisher": bustest.Peer(bustest.Publisher)})
}

// TestScripts runs the command, well and badly, as a person would. The scripts have
// $ONE and $TWO, endpoints that nobody uses, and $HTTP, an address for a hub.
func TestScripts(t *testing.T) {
	bustest.NeedPython(t, "zmq")
	bustest.Scripts(t, bustest.Free("tcp://", "ONE", "TWO"), bustest.Free("", "HTTP"))
}
