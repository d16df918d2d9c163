package replay

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"busbar/bus/bustest"
	server "busbar/bus/hub"
	"busbar/bus/log"
	"busbar/common/programtest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"bus": bustest.Main(&Command{}, &server.Command{}, &log.Command{}), "journalled": bustest.Peer(bustest.Journalled),
	})
}

// TestScripts runs the command, well and badly, as a person would; they have $HTTP, a
// free address.
func TestScripts(t *testing.T) {
	bustest.Scripts(t, func(e *testscript.Env) error {
		address, err := programtest.FreeAddress()
		e.Setenv("HTTP", address)
		return err
	})
}
