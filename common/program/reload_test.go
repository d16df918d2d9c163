package program

import (
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"testing"

	"busbar/common/condition"
	"busbar/common/config"
	"busbar/common/node"
)

// TestRefusedReload: nothing of a configuration that is refused is in force, not
// even the level of the log, which is taken up while it is read.
func TestRefusedReload(t *testing.T) {
	cfg := &fakeConfig{Shared: config.DefaultShared()}
	cfg.Bus.Name, cfg.Bus.Journal, cfg.Sign.Backend = "prog.test", filepath.Join(t.TempDir(), "journal.db"), "none"
	n, err := node.New(t.Context(), "prog", cfg.Bus, cfg.Sign, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	p := &Env{Name: "prog"}
	var refusal error
	r := reload{
		program: p, running: cfg, load: func() (Config, error) { p.setLevel("error"); return cfg, refusal },
		take: func(Config) error { return nil },
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

// TestAnothersKeys: what a source alone uses takes a restart where that source is read,
// and none where it is not.
func TestAnothersKeys(t *testing.T) {
	queue, server := &Source{Name: "queue", Keys: []string{"a.shared"}, Alone: []string{"a.queue"}}, &Source{Name: "server", Alone: []string{"a.server"}}
	for read, want := range map[*Source][]string{queue: {"a.shared", "a.server"}, server: {"a.shared", "a.queue"}} {
		s := &Site{env: &Env{Name: "prog"}, declared: []*Source{queue, server}, sources: []*Source{read}}
		if r := s.reload(&Globals{}); !slices.Equal(r.keys, want) {
			t.Errorf("beside %s no restart is asked for %v, want %v", read.Name, r.keys, want)
		}
	}
}

func raised(n *node.Node, name string) bool {
	for _, c := range n.Conditions.All() {
		if c.Name == name && c.Level == condition.Warn {
			return true
		}
	}
	return false
}
