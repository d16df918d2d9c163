package maildir

import (
	"log/slog"
	"os"
	"sync"

	"github.com/fsnotify/fsnotify"
)

// A watcher turns whatever the system says about a directory into hints. Any
// event, an overflow, or an error is only a reason to look: where nothing can
// be watched (limits, network file systems), polling alone must do.
type watcher struct {
	dir string
	log *slog.Logger

	mu   sync.Mutex
	fs   *fsnotify.Watcher
	seen os.FileInfo // the directory that is watched
	hint chan struct{}
	wg   sync.WaitGroup
}

func newWatcher(dir string, log *slog.Logger) *watcher {
	w := &watcher{dir: dir, log: log, hint: make(chan struct{}, 1)}
	w.renew()
	return w
}

func (w *watcher) hints() <-chan struct{} { return w.hint }

// renew watches the directory that bears the name now.
func (w *watcher) renew() {
	w.mu.Lock()
	defer w.mu.Unlock()
	now, err := os.Stat(w.dir)
	if err != nil || w.seen != nil && os.SameFile(now, w.seen) {
		return
	}
	if w.fs != nil {
		w.fs.Close()
		w.fs, w.seen = nil, nil
	}
	fs, err := fsnotify.NewWatcher()
	if err == nil {
		if err = fs.Add(w.dir); err != nil {
			fs.Close()
		}
	}
	if err != nil {
		w.log.Warn("the Maildir cannot be watched; it is polled", "dir", w.dir, "error", err)
		return
	}
	w.fs, w.seen = fs, now
	w.wg.Add(1)
	go w.forward(fs)
}

func (w *watcher) forward(fs *fsnotify.Watcher) {
	defer w.wg.Done()
	for {
		select {
		case _, ok := <-fs.Events:
			if !ok {
				return
			}
		case err, ok := <-fs.Errors:
			if !ok {
				return
			}
			w.log.Debug("notifications were lost; the directory is read", "dir", w.dir, "error", err)
		}
		select {
		case w.hint <- struct{}{}:
		default:
		}
	}
}

func (w *watcher) close() error {
	w.mu.Lock()
	var err error
	if w.fs != nil {
		err = w.fs.Close()
	}
	w.mu.Unlock()
	w.wg.Wait()
	return err
}
