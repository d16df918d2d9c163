package endpoints

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"busbar/bus/bustest"
	"busbar/common/programtest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"bus": bustest.Main(&Command{}), "publisher": bustest.Peer(bustest.Publisher)})
}

// TestScripts runs the command, well and badly, as a person would. The scripts have
// $ONE to $FIVE, endpoints that nobody uses.
func TestScripts(t *testing.T) {
	bustest.NeedPython(t, "zmq")
	bustest.Scripts(t, func(e *testscript.Env) error {
		for _, name := range []string{"ONE", "TWO", "THREE", "FOUR", "FIVE"} {
			address, err := programtest.FreeAddress()
			if err != nil {
				return err
			}
			e.Setenv(name, "tcp://"+address)
		}
		return nil
	})
}
