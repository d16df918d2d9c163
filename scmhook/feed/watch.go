package feed

import (
	"log/slog"

	"github.com/fsnotify/fsnotify"
)

// A watcher hints at new spool files. It may miss some: the directory is the
// truth, and is read every now and then.
type watcher struct {
	dir   string
	fs    *fsnotify.Watcher // nil: no hints here
	hint  chan struct{}
	ended chan struct{}
}

func newWatcher(dir string, log *slog.Logger) *watcher {
	w := &watcher{dir: dir, hint: make(chan struct{}, 1), ended: make(chan struct{})}
	fs, err := fsnotify.NewWatcher()
	if err != nil {
		log.Warn("spool cannot be watched; polling it", "error", err)
		close(w.ended)
		return w
	}
	w.fs = fs
	go func() {
		defer close(w.ended)
		for {
			select {
			case _, ok := <-fs.Events:
				if !ok {
					return
				}
			case _, ok := <-fs.Errors:
				if !ok {
					return
				}
			}
			select {
			case w.hint <- struct{}{}:
			default:
			}
		}
	}()
	w.renew()
	return w
}

// renew watches the directory, also where it was recreated meanwhile.
func (w *watcher) renew() {
	if w.fs != nil {
		_ = w.fs.Add(w.dir) // if not, the poll finds what comes
	}
}

func (w *watcher) hints() <-chan struct{} { return w.hint }

func (w *watcher) close() error {
	if w.fs == nil {
		return nil
	}
	err := w.fs.Close()
	<-w.ended
	return err
}
