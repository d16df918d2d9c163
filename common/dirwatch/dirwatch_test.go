package dirwatch

import (
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
)

// TestHints lets each new file hint.
func TestHints(t *testing.T) {
	dir := t.TempDir()
	w := watch(t, dir)
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	hinted(t, w)
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file+"2", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	hinted(t, w)
}

// TestOverflow says that events were lost, as the kernel does: once for any
// number of them.
func TestOverflow(t *testing.T) {
	w := watch(t, t.TempDir())
	events := &fsnotify.Watcher{Events: make(chan fsnotify.Event), Errors: make(chan error)}
	w.wg.Add(1)
	go w.forward(events)
	events.Errors <- fsnotify.ErrEventOverflow
	hinted(t, w)
	close(events.Events)
}

// TestRenewed follows the name of a directory, not the directory.
func TestRenewed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	w := watch(t, dir)
	if err := os.Rename(dir, dir+".old"); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	w.Renew()
	now, err := os.Stat(dir)
	if err != nil || !w.Watches(now) {
		t.Errorf("the old directory is still the one that is watched (%v)", err)
	}
}

func watch(t *testing.T, dir string) *Watcher {
	w := New(dir, slog.New(slog.NewTextHandler(io.Discard, nil)))
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

func hinted(t *testing.T, w *Watcher) {
	t.Helper()
	select {
	case <-w.Hints():
	case <-time.After(3 * time.Minute):
		t.Fatal("no hint came")
	}
}
