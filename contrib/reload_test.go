package contrib

import (
	"context"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
)

// reload sends SIGHUP and waits until the log says some words once more.
func (w *watched) reload(words string) {
	w.t.Helper()
	before := strings.Count(w.logged(), words)
	must(w.t, w.cmd.Process.Signal(syscall.SIGHUP))
	w.until(func() bool { return strings.Count(w.logged(), words) > before }, "after SIGHUP it never says "+words)
}

// TestReload sends SIGHUP to the real daemons. Whatever is wrong with the new
// configuration, the one from before stays in force, and that is said by every
// view; what is right is taken up.
func TestReload(t *testing.T) {
	const refused, taken = "configuration refused; the previous one stays in force", "configuration reloaded\""
	for _, name := range programs {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t, name)
			w := p.watch()
			config := p.path("config.toml")
			right, err := os.ReadFile(config)
			must(t, err)
			key, err := os.ReadFile(p.path("keys/ours.key"))
			must(t, err)
			for what, spoil := range map[string]func(){
				"broken TOML":        func() { p.write("config.toml", string(right)+"\n[bus\n") },
				"an unknown key":     func() { p.write("config.toml", string(right)+"\n[nobodys]\nword = 1\n") },
				"no file":            func() { must(t, os.Remove(config)) },
				"a folder":           func() { must(t, os.Remove(config)); must(t, os.Mkdir(config, 0o700)) },
				"an empty file":      func() { p.write("config.toml", "") },
				"a key that is none": func() { p.write("keys/ours.key", "no key") },
			} {
				spoil()
				w.reload(refused)
				if code, body := w.get("/healthz"); !strings.Contains(body, "configuration: ") {
					t.Errorf("%s: /healthz is %d %q", what, code, body)
				}
				must(t, os.RemoveAll(config))
				p.write("config.toml", string(right))
				p.write("keys/ours.key", string(key))
				w.reload(taken)
				if _, body := w.get("/healthz"); strings.Contains(body, "configuration: ") {
					t.Errorf("%s, mended: /healthz is %q", what, body)
				}
			}

			p.set("sign", fmt.Sprintf("certificate = %q", p.path("keys/theirs.crt")))
			p.set("sign", fmt.Sprintf("key = %q", p.path("keys/theirs.key")))
			p.command(context.Background()) // writes the configuration
			w.reload(taken)                 // the last that it says of it: what follows is of the next one
			if !strings.Contains(w.logged(), "name=theirs") {
				t.Errorf("it does not say whose key it has now:\n%s", w.logged())
			}

			p.set("bus", `log = "warn"`)
			p.set("bus", `heartbeat = "7s"`)
			p.command(context.Background())
			before := len(w.logged())
			w.reload("some keys need a restart")
			if log := w.logged()[before:]; !strings.Contains(log, "bus.heartbeat") || strings.Contains(log, "level=INFO") {
				t.Errorf("with [bus] log = warn, and another heartbeat, it says:\n%s", log)
			}
			w.stop()
		})
	}
}
