package program

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"busbar/common/journal"
	"busbar/common/node"
)

// TestPoisonGoesBack: to the source that made it, and where an older program did not
// say which, to the last that may have.
func TestPoisonGoesBack(t *testing.T) {
	file := filepath.Join(t.TempDir(), "journal.db")
	if err := os.WriteFile(file, nil, 0o600); err != nil { // whose owner the items get
		t.Fatal(err)
	}
	var went []string
	source := func(name, mark string) *Source {
		return &Source{
			Name:    name,
			Made:    func(item []byte) bool { return strings.Contains(string(item), mark) },
			Requeue: func(item []byte) error { went = append(went, name+" "+string(item)); return nil },
		}
	}
	queue := &Source{Name: "queue", Made: func([]byte) bool { return false }}
	sources := []*Source{source("a", ""), source("b", "b"), queue}
	for _, c := range []struct{ source, item, want string }{
		{"a", "b's look", "a b's look"},
		{"b", "x", "b x"},
		{"", "b's look", "b b's look"},
		{"", "x", "a x"},
		{"gone", "x", "a x"},
		{"queue", "y", ""},
	} {
		went = nil
		if err := requeue(sources, file, journal.PoisonRow{Source: c.source, Item: []byte(c.item)}); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(went, ", "); got != c.want {
			t.Errorf("%+v went to %q", c, got)
		}
	}
	if names, err := node.Waiting(node.RetryDir(file)); err != nil || len(names) != 1 || !strings.HasSuffix(names[0], ".queue.json") {
		t.Errorf("in the retry queue: %q, %v", names, err)
	}
}
