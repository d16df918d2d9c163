package node

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"busbar/common/config"
	"busbar/common/event"
	"busbar/common/journal"
	"busbar/fixtures/ports"
)

type noted struct {
	Text string `json:"text"`
}

var noteKind = event.Define("notes.note.create", "somebody wrote a note", func(b noted) string { return b.Text }, nil)

func testNode(t *testing.T, change func(*config.Bus)) *Node {
	t.Helper()
	bus := config.DefaultBus()
	bus.Name, bus.Journal = "prog.test", filepath.Join(t.TempDir(), "journal.db")
	change(&bus)
	n, err := New(context.Background(), "prog", bus, config.Sign{Backend: "none"}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	return n
}

// runNode runs the node until the test ends.
func runNode(t *testing.T, n *Node) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("Run: %v", err)
		}
		http.DefaultClient.CloseIdleConnections()
	})
}

// get asks until somebody answers.
func get(t *testing.T, address, path string) (int, string) {
	t.Helper()
	for deadline := time.Now().Add(3 * time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
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

func freeAddress(t *testing.T) string {
	t.Helper()
	address, err := ports.Address()
	if err != nil {
		t.Fatal(err)
	}
	return address
}

func TestMetrics(t *testing.T) {
	address := freeAddress(t)
	n := testNode(t, func(c *config.Bus) { c.Metrics = address; c.Publish = []string{"tcp://127.0.0.1:0"} })
	polls := prometheus.NewCounter(prometheus.CounterOpts{Name: "prog_polls_total", Help: "Polls."})
	polls.Add(3)
	if err := n.Register(polls); err != nil {
		t.Fatal(err)
	}
	if err := n.Register(polls); err == nil {
		t.Error("the same metric is taken twice")
	}
	ctx := context.Background()
	e := event.Event{Kind: noteKind, Key: "1", Body: noted{"hello"}}
	for _, r := range []journal.Record{
		{Events: []event.Event{e}}, {Events: []event.Event{e}}, {Skip: "an echo"}, {Poison: "no subject", Item: []byte("x")},
	} {
		if _, err := n.Journal.Append(ctx, r); err != nil {
			t.Fatal(err)
		}
	}
	runNode(t, n)
	code, page := get(t, address, "/metrics")
	own := `{program="prog",publisher="prog.test"}`
	for _, want := range []string{
		"\nbusbar_journal_messages" + own + " 1\n",
		"\nbusbar_journal_last_seq" + own + " 1\n",
		"\nbusbar_journal_duplicates_total" + own + " 1\n",
		"\nbusbar_journal_poison" + own + " 1\n",
		`busbar_journal_skipped_total{program="prog",publisher="prog.test",reason="an echo"} 1`,
		`topic="org.debian.dev.notes.note.create"} 1`,
		"\nbusbar_publisher_unsent" + own + " ",
		"\nbusbar_publisher_trouble" + own + " 0\n",
		"\nbusbar_build_info{",
		"\nprog_polls_total 3\n",
		"\ngo_goroutines ",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is not told", want)
		}
	}
	if code != http.StatusOK || t.Failed() {
		t.Errorf("%d\n%s", code, page)
	}
	if code, body := get(t, address, "/healthz"); code != http.StatusServiceUnavailable || !strings.HasPrefix(body, "poison: 1 items") {
		t.Errorf("%d %q", code, body)
	}
	n.Watch("database", func() error { return errors.New("connection refused") })
	if code, body := get(t, address, "/healthz"); code != http.StatusServiceUnavailable || !strings.HasPrefix(body, "database: connection refused\npoison: ") {
		t.Errorf("%d %q", code, body)
	}
	if code, _ := get(t, address, "/"); code != http.StatusNotFound {
		t.Errorf("the root answers %d", code)
	}
}

// TestMetricsWithoutAJournal serves what is known, and is not healthy.
func TestMetricsWithoutAJournal(t *testing.T) {
	address := freeAddress(t)
	n := testNode(t, func(c *config.Bus) { c.Metrics = address })
	runNode(t, n)
	get(t, address, "/healthz")
	if err := n.Journal.Close(); err != nil {
		t.Fatal(err)
	}
	if code, body := get(t, address, "/healthz"); code != http.StatusServiceUnavailable || body == "" {
		t.Errorf("%d %q", code, body)
	}
	if code, page := get(t, address, "/metrics"); code != http.StatusOK || !strings.Contains(page, "go_goroutines") || strings.Contains(page, "busbar_journal_messages{") {
		t.Errorf("%d %s", code, page)
	}
}

func TestMetricsAddressIsChecked(t *testing.T) {
	c := config.DefaultBus()
	c.Metrics = "9470"
	if err := c.Complete("prog"); err == nil || !strings.Contains(err.Error(), "[bus] metrics") {
		t.Errorf("%v", err)
	}
}

// TestNothingCanBeStored: what cannot be stored is not published either, and both
// /metrics and /healthz say so.
func TestNothingCanBeStored(t *testing.T) {
	address, path := freeAddress(t), ""
	n := testNode(t, func(c *config.Bus) {
		c.Metrics, c.Publish, path = address, []string{"tcp://127.0.0.1:0"}, c.Journal
	})
	runNode(t, n)
	const trouble = "\nbusbar_publisher_trouble{program=\"prog\",publisher=\"prog.test\"} "
	if _, page := get(t, address, "/metrics"); !strings.Contains(page, trouble+"0\n") {
		t.Errorf("before:\n%s", page)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := n.Journal.Append(context.Background(), journal.Record{Skip: "an echo"}); err == nil {
		t.Fatal("it was stored in a file that is gone")
	}
	if _, page := get(t, address, "/metrics"); !strings.Contains(page, trouble+"1\n") {
		t.Errorf("no trouble is told:\n%s", page)
	}
	if code, body := get(t, address, "/healthz"); code != http.StatusServiceUnavailable || !strings.Contains(body, "journal: ") {
		t.Errorf("%d %q", code, body)
	}
}
