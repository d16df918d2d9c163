package replay

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"busbar/bus/bustest"
	server "busbar/bus/hub"
	"busbar/bus/log"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"bus": bustest.Main(&Command{}, &server.Command{}, &log.Command{}), "journalled": bustest.Peer(bustest.Journalled),
	})
}

// TestScripts runs the command, well and badly, as a person would; they have $HTTP, a
// free address, and $OUT, a free endpoint.
func TestScripts(t *testing.T) {
	bustest.Scripts(t, bustest.Free("", "HTTP"), bustest.Free("tcp://", "OUT"))
}
