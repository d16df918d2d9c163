package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"busbar/bus/bustest"
	"busbar/common/event"
	"busbar/common/programtest"
	"busbar/common/sign"
	"busbar/fixtures"
)

// A testBus is an authority and a running mail2bus, in a folder.
type testBus struct{ dir, endpoint string }

const testConfig = `[bus]
environment = "dev"
publish = [%q]
journal = %q
heartbeat = "1s"
[sign]
certificate = %q
key = %q
[mail]
maildir = [%q]
`

func startBus(t *testing.T) testBus {
	t.Helper()
	b := testBus{dir: t.TempDir()}
	ca, err := sign.CreateCA(b.path("keys"), "Test CA", 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ca.CRL(7); err != nil {
		t.Fatal(err)
	}
	cert, key, err := ca.Issue("mail2bus-test.example.org", 7)
	if err != nil {
		t.Fatal(err)
	}
	address, err := programtest.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	b.endpoint = "tcp://" + address
	for _, sub := range []string{"new", "cur", "tmp"} {
		if err := os.MkdirAll(b.path("maildir", sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	config := fmt.Sprintf(testConfig, b.endpoint, b.path("journal.db"), cert, key, b.path("maildir"))
	if err := os.WriteFile(b.path("mail2bus.toml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	build := exec.Command("go", "build", "-o", b.dir, "busbar/mail2bus")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building mail2bus: %v: %s", err, out)
	}
	bustest.Background(t, b.path("mail2bus"), "run", "--config", b.path("mail2bus.toml"))
	return b
}

func (b testBus) path(parts ...string) string {
	return filepath.Join(b.dir, filepath.Join(parts...))
}

// deliver puts a mail into the Maildir as a mail system does.
func (b testBus) deliver(t *testing.T, raw []byte) {
	t.Helper()
	if err := os.WriteFile(b.path("maildir", "tmp", "1"), raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(b.path("maildir", "tmp", "1"), b.path("maildir", "new", "1")); err != nil {
		t.Fatal(err)
	}
}

// TestPythonReadsADelivery: a mail dropped into a Maildir arrives at a libzmq
// subscriber as two frames, and code that knows only fedmsg's format verifies
// its signature.
func TestPythonReadsADelivery(t *testing.T) {
	bustest.NeedPython(t, "zmq, cryptography")
	b := startBus(t)
	_, lines := bustest.Background(t, bustest.Python, "testdata/fedmsgpeer.py", "sub", b.endpoint)
	raw, err := fs.ReadFile(fixtures.Mails, "debbugs/report.mail")
	if err != nil {
		t.Fatal(err)
	}
	delivered := false
	for lines.Scan() {
		var frames []string
		if err := json.Unmarshal(lines.Bytes(), &frames); err != nil {
			t.Fatal(err)
		}
		if len(frames) != 2 {
			t.Fatalf("%d frames came: %q", len(frames), frames)
		}
		if !delivered { // a heartbeat shows that the subscription holds
			delivered = true
			b.deliver(t, raw)
		}
		if frames[0] != "org.debian.dev.debbugs.bug.create" {
			continue
		}
		_, e, err := event.ParseMessage([]byte(frames[1]))
		if err != nil {
			t.Fatal(err)
		}
		body, _ := e.Msg.(map[string]any)
		if e.Topic != frames[0] || event.Integer(body["bug"]) != 812001 || body["package"] != "teapot" {
			t.Errorf("the message says %v", body)
		}
		checkWithPython(t, b, frames[1], true)
		checkWithPython(t, b, strings.Replace(frames[1], `"teapot"`, `"kettle"`, 1), false)
		return
	}
	t.Fatalf("the message never came: %v", lines.Err())
}

// checkWithPython asks the oracle that the signing package is held against.
func checkWithPython(t *testing.T, b testBus, message string, want bool) {
	t.Helper()
	cmd := exec.Command(bustest.Python, "../common/sign/testdata/verify.py",
		"--ca", b.path("keys", "ca.crt"), "--crl", b.path("keys", "crl.pem"))
	cmd.Stdin = strings.NewReader(message + "\n")
	out, _ := cmd.Output() // refused: exit status 1
	var answer struct {
		OK     bool
		Signer string
		Reason string
	}
	if err := json.Unmarshal(bytes.TrimSpace(out), &answer); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if answer.OK != want || want && answer.Signer != "mail2bus-test.example.org" {
		t.Errorf("Python says %+v, want %v", answer, want)
	}
}
