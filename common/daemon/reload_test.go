package daemon

import (
	"errors"
	"log/slog"
	"testing"

	"busbar/common/condition"
)

// TestRefusedReload: nothing of a configuration that is refused is in force, not
// even the level of the log, which is taken up while it is read.
func TestRefusedReload(t *testing.T) {
	n := testNode(t, func(*BusConfig) {})
	p := &Program{Name: "prog"}
	var refusal error
	r := Reload[BusConfig]{
		Program: p, Running: n.bus,
		Load:  func() (BusConfig, error) { p.setLevel("error"); return n.bus, refusal },
		Parts: func(c BusConfig) (BusConfig, SignConfig) { return c, SignConfig{Backend: "none"} },
	}
	refusal = errors.New("an unknown key")
	r.once(n)
	if p.level.Level() != slog.LevelInfo || !raised(n, "configuration") {
		t.Errorf("refused: level %v, raised %v", p.level.Level(), raised(n, "configuration"))
	}
	refusal = nil
	r.once(n)
	if p.level.Level() != slog.LevelError || raised(n, "configuration") {
		t.Errorf("taken: level %v, raised %v", p.level.Level(), raised(n, "configuration"))
	}
}

func raised(n *Node, name string) bool {
	for _, c := range n.Conditions.All() {
		if c.Name == name && c.Level == condition.Warn {
			return true
		}
	}
	return false
}
