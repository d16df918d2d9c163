// Package dirwatch hints at new files in a directory, for the channels that read
// one: a Maildir, a spool.
//
// Not here: what is in the directory. A hint may be missed or come for nothing;
// the directory is the truth, and whoever waits for hints also polls.
package dirwatch

import (
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"
)

// A Watcher turns whatever the system says about a directory into hints. Any
// event, an overflow, or an error is only a reason to look: where nothing can
// be watched (limits, network file systems), polling alone must do.
type Watcher struct {
	dir string
	log *slog.Logger

	mu     sync.Mutex
	fs     *fsnotify.Watcher
	seen   os.FileInfo // the directory that is watched; nil: none
	retry  time.Time   // not before: back-off after an error
	logged bool        // that error was logged
	closed bool

	hint chan struct{}
	wg   sync.WaitGroup
}

const watchAgain = 10 * time.Second

// New watches dir as far as it can be watched.
func New(dir string, log *slog.Logger) *Watcher {
	w := &Watcher{dir: dir, log: log, hint: make(chan struct{}, 1)}
	w.Renew()
	return w
}

// Hints has one entry when something came since it was last read.
func (w *Watcher) Hints() <-chan struct{} { return w.hint }

// Watches tells whether it is this directory that is watched.
func (w *Watcher) Watches(dir os.FileInfo) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seen != nil && os.SameFile(dir, w.seen)
}

// Renew watches the directory that bears the name now. It costs one stat where
// nothing has changed: a directory replaced behind our back sends no event.
func (w *Watcher) Renew() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return
	}
	now, err := os.Stat(w.dir)
	if err != nil || w.seen != nil && os.SameFile(now, w.seen) || time.Now().Before(w.retry) {
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
		w.retry = time.Now().Add(watchAgain)
		if !w.logged {
			w.log.Warn("directory cannot be watched; polling it", "dir", w.dir, "error", err)
		}
		w.logged = true
		return
	}
	w.fs, w.seen, w.logged = fs, now, false
	w.wg.Add(1)
	go w.forward(fs)
}

func (w *Watcher) forward(fs *fsnotify.Watcher) {
	defer w.wg.Done()
	for {
		select {
		case e, ok := <-fs.Events:
			if !ok {
				return
			}
			if e.Name == w.dir && e.Has(fsnotify.Remove|fsnotify.Rename) {
				w.lost(fs)
			} else if !e.Has(fsnotify.Create | fsnotify.Write | fsnotify.Chmod) {
				continue // a file left, as each does that we are done with
			}
		case err, ok := <-fs.Errors:
			if !ok {
				return
			}
			w.log.Debug("notifications lost; listing the directory", "dir", w.dir, "error", err)
		}
		select {
		case w.hint <- struct{}{}:
		default:
		}
	}
}

// lost has the watch recreated even if the next directory of this name gets the
// same inode.
func (w *Watcher) lost(fs *fsnotify.Watcher) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.fs == fs {
		w.seen = nil
	}
}

// Close ends the watch, and waits until it has ended.
func (w *Watcher) Close() error {
	w.mu.Lock()
	w.closed = true
	var err error
	if w.fs != nil {
		err = w.fs.Close()
	}
	w.mu.Unlock()
	w.wg.Wait()
	return err
}
