package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"busbar/common/event"
	"busbar/common/programtest"
	"busbar/common/sign"
	"busbar/fixtures"
)

// needPython fails, and never skips: interoperation is a promise.
func needPython(t *testing.T) {
	t.Helper()
	if out, err := exec.Command(python, "-c", "import zmq, cryptography").CombinedOutput(); err != nil {
		t.Fatalf("libzmq and cryptography are needed (%v: %s): `make deps` installs python3-zmq and python3-cryptography", err, out)
	}
}

// background starts a program that ends with the test, by SIGTERM.
func background(t *testing.T, name string, args ...string) (io.WriteCloser, *bufio.Scanner) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	cmd.Stderr = t.Output()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); cmd.Wait() })
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 16<<20)
	return in, lines
}

// A testBus is an authority, a certificate, and a running mail2bus.
type testBus struct {
	dir, endpoint, cert, key string
}

func startBus(t *testing.T) testBus {
	t.Helper()
	b := testBus{dir: t.TempDir()}
	d := &demo{dir: b.dir}
	ca, err := sign.CreateCA(d.path("keys"), "Test CA", 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ca.CRL(7); err != nil {
		t.Fatal(err)
	}
	if b.cert, b.key, err = ca.Issue("mail2bus-test.example.org", 7); err != nil {
		t.Fatal(err)
	}
	if b.endpoint, err = freeEndpoint(); err != nil {
		t.Fatal(err)
	}
	for _, sub := range []string{"maildir", "maildir/new", "maildir/cur", "maildir/tmp", "spool"} {
		if err := os.Mkdir(d.path(sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	own := fmt.Sprintf("[mail]\nmaildir = [%q]\nspool = %q\n", d.path("maildir"), d.path("spool"))
	config := fmt.Sprintf(demoConfig, "mail2bus.test", b.endpoint, d.path("journal.db"), b.cert, b.key, own)
	if err := os.WriteFile(d.path("mail2bus.toml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	buildAdapters(t, b.dir)
	background(t, d.path("mail2bus"), "run", "--config", d.path("mail2bus.toml"))
	return b
}

// TestPythonReadsADelivery: a mail dropped into a Maildir arrives at a libzmq
// subscriber as two frames, and code that knows only fedmsg's format verifies
// its signature.
func TestPythonReadsADelivery(t *testing.T) {
	needPython(t)
	b := startBus(t)
	_, lines := background(t, python, "testdata/fedmsgpeer.py", "sub", b.endpoint)
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
			if err := (&demo{dir: b.dir}).deliver(1, raw); err != nil {
				t.Fatal(err)
			}
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
	cmd := exec.Command(python, "../common/sign/testdata/verify.py",
		"--ca", filepath.Join(b.dir, "keys", "ca.crt"), "--crl", filepath.Join(b.dir, "keys", "crl.pem"))
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

// TestTailReadsPython: what a fedmsg publisher in Python signs, bus tail reads
// and verifies; what was changed on the way, it refuses.
func TestTailReadsPython(t *testing.T) {
	needPython(t)
	dir := t.TempDir()
	ca, err := sign.CreateCA(dir, "Test CA", 1)
	if err != nil {
		t.Fatal(err)
	}
	cert, key, err := ca.Issue("shell-test.example.org", 7)
	if err != nil {
		t.Fatal(err)
	}
	endpoint, err := freeEndpoint()
	if err != nil {
		t.Fatal(err)
	}
	background(t, python, "testdata/fedmsgpeer.py", "pub", endpoint, cert, key)
	code, out, errs := programtest.Run("bus", run, nil, "tail", "--endpoint", endpoint, "--ca", filepath.Join(dir, "ca.crt"), "--set", "sign.sha1_only=shell-test.example.org", "--count", "3", "--timeout", "60s", "--json")
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
