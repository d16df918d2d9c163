package tail

import (
	"path/filepath"
	"strings"
	"testing"

	"busbar/bus/bustest"
	"busbar/common/programtest"
	"busbar/common/sign"
)

// TestTailReadsPython: what a fedmsg publisher in Python signs, bus tail reads
// and verifies; what was changed on the way, it refuses.
func TestTailReadsPython(t *testing.T) {
	bustest.NeedPython(t, "zmq, cryptography")
	dir := t.TempDir()
	ca, err := sign.CreateCA(dir, "Test CA", 1)
	if err != nil {
		t.Fatal(err)
	}
	cert, key, err := ca.Issue("shell-test.example.org", 7)
	if err != nil {
		t.Fatal(err)
	}
	address, err := programtest.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	endpoint := "tcp://" + address
	bustest.Background(t, bustest.Python, "../testdata/fedmsgpeer.py", "pub", endpoint, cert, key)
	code, out, errs := programtest.Run("bus", bustest.Run(&Command{}), nil, "tail", "--endpoint", endpoint, "--ca", filepath.Join(dir, "ca.crt"), "--set", "sign.sha1_only=shell-test.example.org", "--count", "3", "--timeout", "60s", "--json")
	if code != 0 {
		t.Fatalf("exit %d: %s", code, errs)
	}
	if n := strings.Count(out, `"title":"d\u00e9j\u00e0 <vu> & \ud83d\ude00"`); n != 3 || strings.Contains(out, "forged") {
		t.Errorf("printed:\n%s", out)
	}
	if !strings.Contains(errs, "refused a message") || !strings.Contains(errs, "does not hold") {
		t.Errorf("what was changed is not reported: %s", errs)
	}
}
