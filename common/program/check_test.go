package program

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"busbar/common/config"
	"busbar/common/journal"
	"busbar/common/node"
	"busbar/fixtures/ports"
)

// TestMetricsTakenPort shows that the operator sees it, that the daemon goes
// on, and that it serves once the port is free.
func TestMetricsTakenPort(t *testing.T) {
	address, err := ports.Address()
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	bus := config.DefaultBus()
	bus.Name, bus.Journal, bus.Metrics = "prog.test", filepath.Join(t.TempDir(), "journal.db"), address
	n, err := node.New(t.Context(), "prog", bus, config.Sign{Backend: "none"}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("Run: %v", err)
		}
	}()
	answers := func() bool { // to who asks how it is, such as check
		_, err := os.Stat(bus.Journal + ".sock")
		return err == nil
	}
	for deadline := time.Now().Add(3 * time.Minute); !strings.Contains(n.Status(), "NO metrics") || !answers(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the status says only %q", n.Status())
		}
	}
	found := checkBus(context.Background(), "prog", bus, config.Sign{Backend: "none"})
	at := slices.IndexFunc(found, func(f Finding) bool { return f.What == "metrics" })
	if at < 0 || found[at].Level != "ok" || !strings.Contains(found[at].Detail, "presumably") {
		t.Errorf("check: %+v", found)
	}
	if last := found[len(found)-1]; last.What != "metrics" || last.Level != "warn" || !strings.Contains(last.Detail, "NO metrics") {
		t.Errorf("check does not say what the daemon says: %+v", found)
	}
	if _, err := n.Journal.Append(context.Background(), journal.Record{Skip: "works"}); err != nil {
		t.Errorf("the journal suffers: %v", err)
	}
	l.Close()
	if code, _ := get(t, address, "/healthz"); code != http.StatusOK {
		t.Errorf("healthz: %d", code)
	}
	for deadline := time.Now().Add(time.Minute); strings.Contains(n.Status(), "NO metrics"); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("still %q", n.Status())
		}
	}
}

// get asks until somebody answers.
func get(t *testing.T, address, path string) (int, string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		r, err := http.Get("http://" + address + path)
		if err != nil {
			continue
		}
		b, err := io.ReadAll(r.Body)
		r.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		return r.StatusCode, string(b)
	}
	t.Fatalf("nobody answers at %s", address)
	return 0, ""
}
