package node

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"busbar/common/condition"
	"busbar/common/config"
	"busbar/common/event"
	"busbar/common/journal"
)

// TestSinks: a way out of the configuration gets what the journal has, its failure is
// a condition, and /metrics shows how far it is.
func TestSinks(t *testing.T) {
	address := freeAddress(t)
	n := testNode(t, func(c *config.Bus) { c.Metrics = address })
	shared := config.DefaultShared()
	dir := filepath.Join(t.TempDir(), "away")
	shared.Lines.File = filepath.Join(dir, "messages.jsonl")
	n.AddSinks(&shared)
	one := event.Event{Kind: noteKind, Key: "1", Time: time.Unix(1_800_000_000, 0), Body: noted{Text: "tea"}}
	if _, err := n.Journal.Append(t.Context(), journal.Record{Events: []event.Event{one}}); err != nil {
		t.Fatal(err)
	}
	runNode(t, n)
	says := func(path, what string) {
		t.Helper()
		for end := time.Now().Add(3 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
			if _, page := get(t, address, path); strings.Contains(page, what) {
				return
			} else if time.Now().After(end) {
				t.Fatalf("%s does not say %q:\n%s", path, what, page)
			}
		}
	}
	says("/healthz", "sink lines")
	says("/metrics", `busbar_sink_trouble{program="prog",publisher="prog.test",sink="lines"} 1`)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	says("/metrics", `busbar_sink_cursor{program="prog",publisher="prog.test",sink="lines"} 1`)
	says("/metrics", `busbar_sink_trouble{program="prog",publisher="prog.test",sink="lines"} 0`)
	text, err := os.ReadFile(shared.Lines.File)
	if err != nil || strings.Count(string(text), "\n") != 1 || !strings.Contains(string(text), "tea") {
		t.Errorf("the file: %q, %v", text, err)
	}
	for _, c := range n.Conditions.All() {
		if c.Level == condition.Fail {
			t.Errorf("all is well, but %s", c)
		}
	}
}

// TestDrainWaitsForSinks: a command that publishes ends when every way out has all.
func TestDrainWaitsForSinks(t *testing.T) {
	n := testNode(t, func(*config.Bus) {})
	shared := config.DefaultShared()
	shared.Lines.File = filepath.Join(t.TempDir(), "messages.jsonl")
	n.AddSinks(&shared)
	for _, key := range []string{"1", "2"} {
		one := event.Event{Kind: noteKind, Key: key, Time: time.Unix(1_800_000_000, 0), Body: noted{Text: "tea"}}
		if _, err := n.Journal.Append(t.Context(), journal.Record{Events: []event.Event{one}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := n.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(shared.Lines.File); err != nil || strings.Count(string(text), "\n") != 2 {
		t.Errorf("the file: %q, %v", text, err)
	}
}
