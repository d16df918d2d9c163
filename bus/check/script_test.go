package check

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"busbar/bus/bustest"
	"busbar/bus/hub"
	"busbar/common/programtest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"bus": bustest.Main(&Command{}, &hub.Command{}), "publisher": bustest.Peer(bustest.Publisher)})
}

// TestScripts runs the command, well and badly, as a person would. The scripts have
// $ONE and $TWO, endpoints that nobody uses, and $HTTP, an address for a hub.
func TestScripts(t *testing.T) {
	bustest.NeedPython(t, "zmq")
	bustest.Scripts(t, func(e *testscript.Env) error {
		for name, scheme := range map[string]string{"ONE": "tcp://", "TWO": "tcp://", "HTTP": ""} {
			address, err := programtest.FreeAddress()
			if err != nil {
				return err
			}
			e.Setenv(name, scheme+address)
		}
		return nil
	})
}
