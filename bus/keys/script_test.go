package keys

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"busbar/bus/bustest"
	"busbar/bus/check"
	"busbar/bus/hub"
	"busbar/bus/replay"
	"busbar/bus/tail"
	"busbar/bus/verify"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"bus":       bustest.Main(&Command{}, &tail.Command{}, &verify.Command{}, &hub.Command{}, &replay.Command{}, &check.Command{}),
		"publisher": bustest.Peer(bustest.Publisher),
	})
}

// TestScripts runs the command, well and badly, as a person would; they have $ONE, $TWO
// and $OUT, endpoints that nobody uses, and $HTTP, an address for a hub.
func TestScripts(t *testing.T) {
	bustest.Scripts(t, bustest.Free("tcp://", "ONE", "TWO", "OUT"), bustest.Free("", "HTTP"))
}
