package replay

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/go-zeromq/zmq4"

	"busbar/common/journal"
	"busbar/common/wire/guard"
)

// serveInAProcess is the process that a test kills: it serves the journal and at
// the endpoint that the environment names.
func serveInAProcess() bool {
	path, endpoint := os.Getenv("REPLAY_TEST_JOURNAL"), os.Getenv("REPLAY_TEST_ENDPOINT")
	if path == "" {
		return false
	}
	r, err := journal.OpenReader(context.Background(), path)
	if err != nil {
		fmt.Println(err)
		return true
	}
	c, err := r.Counts(context.Background())
	if err != nil {
		fmt.Println(err)
		return true
	}
	s := New(Journal{Reader: r, Publisher: c.Identity.Name, Epoch: c.Epoch}, nil)
	l, err := guard.Listen(context.Background(), []string{endpoint}, guard.Options{Type: zmq4.Rep, Exchange: s.Serve})
	if err != nil {
		fmt.Println(err)
		return true
	}
	fmt.Println(l.Endpoints()[0])
	io.Copy(io.Discard, os.Stdin)
	return true
}

// start starts that process, and gives the endpoint and what kills it.
func start(t *testing.T, path, endpoint string) (string, func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "REPLAY_TEST_JOURNAL="+path, "REPLAY_TEST_ENDPOINT="+endpoint)
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
	kill := func() { cmd.Process.Kill(); in.Close(); cmd.Wait() }
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "tcp://") {
		kill()
		t.Fatalf("the process says %q, %v", line, err)
	}
	return strings.TrimSpace(line), kill
}

// TestKill kills the server again and again while a range is fetched.
func TestKill(t *testing.T) {
	b := newBook(t, 600)
	want := b.bodies(1, 600)
	b.Close()
	endpoint, kill := start(t, b.path, free(t)) // which nobody takes while it is down
	c := quick(t)
	c.Window = 4096 // so that no more than that is in the system when it is killed
	n := 0
	err := c.Fetch(soon(t), endpoint, Range{}, func(_ string, body []byte) error {
		if string(body) != string(want[n]) {
			return fmt.Errorf("message %d is %.200q", n+1, body)
		}
		if n++; n%150 == 0 && n < 600 {
			kill()
			var again string
			if again, kill = start(t, b.path, endpoint); again != endpoint {
				return fmt.Errorf("it came back as %s, not %s", again, endpoint)
			}
		}
		return nil
	})
	kill()
	if err != nil || n != 600 {
		t.Errorf("%d messages, %v", n, err)
	}
}

// closed is an exchange whose other end is gone.
func closed(t *testing.T) *guard.Exchange {
	t.Helper()
	l, err := guard.Listen(context.Background(), []string{"tcp://127.0.0.1:0"}, guard.Options{Type: zmq4.Rep, Exchange: func(context.Context, *guard.Exchange) {}})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	x, err := guard.DialExchange(soon(t), l.Endpoints()[0], guard.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.Close() })
	return x
}

// TestElsewhere: whoever answers no replay, or nothing at all.
func TestElsewhere(t *testing.T) {
	endpoint := free(t)
	c := quick(t)
	c.Patience = 1
	err := c.Fetch(soon(t), endpoint, Range{}, func(string, []byte) error { return nil })
	if err == nil || forGood(err) || !strings.Contains(err.Error(), "nobody listens") {
		t.Errorf("nobody: %v", err)
	}
}
