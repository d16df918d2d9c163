package forward

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rogpeppe/go-internal/testscript"

	"busbar/bus/bustest"
	"busbar/bus/check"
	"busbar/bus/status"
	"busbar/bus/verify"
	"busbar/common/programtest"
	"busbar/common/show"
	"busbar/fixtures/cluster"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"bus":        bustest.Main(&Command{}, &verify.Command{}, &check.Command{}, &status.Command{}),
		"journalled": bustest.Peer(bustest.Journalled),
		"stream":     bustest.Peer(stream),
	})
}

// maxScripts is how many accounts the server has, one for each script.
const maxScripts = 10

// TestScripts runs the command, well and badly, as a person would, beside a real
// server at $NATS, where each script has an account of its own: user $USER, with the
// password in a file. $HTTP is a free address.
func TestScripts(t *testing.T) {
	config := "accounts {\n"
	for i := range maxScripts {
		config += fmt.Sprintf("A%d { jetstream: enabled, users: [ { user: a%d, password: secret } ] }\n", i, i)
	}
	server, err := cluster.StartNATS(context.Background(), t.TempDir(), cluster.NATSOptions{Config: config + "}\n"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Kill(); err != nil {
			t.Error(err)
		}
	})
	reader := buildReader(t)
	var accounts atomic.Int64
	bustest.Scripts(t, func(e *testscript.Env) error {
		address, err := programtest.FreeAddress()
		if err != nil {
			return err
		}
		e.Setenv("HTTP", address)
		e.Setenv("NATS", server.URL())
		e.Setenv("READ", reader)
		e.Setenv("BUSBAR_FORWARD_TO", server.URL())
		e.Setenv("BUSBAR_FORWARD_USER", fmt.Sprint("a", accounts.Add(1)-1))
		e.Setenv("BUSBAR_FORWARD_PASSWORD_FILE", e.WorkDir+"/password")
		return os.WriteFile(e.WorkDir+"/password", []byte("secret\n"), 0o600)
	})
}

var (
	pageProgram = regexp.MustCompile("(?s)`read.go`:\n\n```go\n(.*?)```")
	shown       = regexp.MustCompile("(?s)```sh\n(.*?)```")
)

// buildReader builds the program of docs/howto/forward.md, as it stands there; the
// scripts have it as $READ. What else the page shows of commands they run as well.
func buildReader(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../../docs/howto/forward.md")
	if err != nil {
		t.Fatal(err)
	}
	m := pageProgram.FindSubmatch(page)
	if commands := shown.FindAllSubmatch(page, -1); m == nil || len(commands) != 1 || string(commands[0][1]) != "bus forward --check\n" {
		t.Fatalf("the page has another program, or other commands: %q", commands)
	}
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/read.go", m[1], 0o600); err != nil {
		t.Fatal(err)
	}
	build := exec.Command("go", "build", "-o", dir+"/read", dir+"/read.go")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the page's program: %v: %s", err, text)
	}
	return dir + "/read"
}

// stream is the peer `stream NAME N`: with nats.go alone it reads a stream that has, or
// will have, N messages, and prints of each its number, subject and id, and what it is.
func stream(args []string) error {
	ctx, cancel := context.WithTimeout(context.Background(), programtest.Patience)
	defer cancel()
	n, err := strconv.ParseUint(args[1], 10, 64)
	if err != nil {
		return err
	}
	nc, err := nats.Connect(os.Getenv("NATS"), nats.UserInfo(os.Getenv("BUSBAR_FORWARD_USER"), "secret"))
	if err != nil {
		return err
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		return err
	}
	for {
		s, err := js.Stream(ctx, args[0])
		if err == nil && s.CachedInfo().State.LastSeq >= n {
			return printStream(ctx, s)
		}
		if err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) || ctx.Err() != nil {
			return fmt.Errorf("waiting for %d messages: %w", n, errors.Join(err, ctx.Err()))
		}
		time.Sleep(20 * time.Millisecond) // between two looks at the condition
	}
}

func printStream(ctx context.Context, s jetstream.Stream) error {
	state := s.CachedInfo().State
	for n := state.FirstSeq; n <= state.LastSeq; n++ {
		m, err := s.GetMsg(ctx, n)
		if err != nil {
			return err
		}
		show.Fprintf(os.Stdout, "%d %s %s %s\n", n, m.Subject, m.Header.Get("Nats-Msg-Id"), m.Data)
	}
	return nil
}
