package journal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// fileSuffixes are the files of an open journal.
var fileSuffixes = [...]string{"", "-wal", "-shm"}

// minIndex is the smallest wal-index that SQLite makes. It maps the file into
// memory: what is cut off is a fault of the processor there.
const minIndex = 32 << 10

// A watch notices what somebody does to the journal's files while they are open.
// SQLite does not: it goes on writing to a file that has no name any more, or
// that is another's by now, and what it acknowledged there nobody can ever read.
type watch struct {
	named string // as it was configured
	path  string // where that leads: the journal itself
	// The wal-index stays open until SQLite has let go of it: closing any
	// descriptor of it drops SQLite's locks (fcntl(2)).
	shm   *os.File
	files [len(fileSuffixes)]os.FileInfo // as they were opened
	last  [2]stamp                       // of the journal and its log, after our last work
}

// A stamp is what writing changes.
type stamp struct {
	size int64
	at   time.Time
}

func newWatch(path string) (*watch, error) {
	w := &watch{named: path, path: real(path)}
	for i, suffix := range fileSuffixes {
		info, err := os.Lstat(w.path + suffix)
		if err != nil {
			return nil, err
		}
		w.files[i] = info
	}
	var err error
	if w.shm, err = os.Open(w.path + "-shm"); err != nil {
		return nil, err
	}
	_, err = w.stamps()
	return w, err
}

// stamps looks at the files' names and at what they lead to; touched tells
// whether the journal or its log was written to since the last look.
func (w *watch) stamps() (touched bool, err error) {
	for i, suffix := range fileSuffixes {
		info, err := os.Lstat(w.path + suffix)
		if errors.Is(err, os.ErrNotExist) {
			return false, fmt.Errorf("%w: %s was deleted or moved away", errGone, w.path+suffix)
		}
		if err != nil {
			return false, err
		}
		if !os.SameFile(info, w.files[i]) {
			return false, fmt.Errorf("%w: %s is another file than the one that was opened", errGone, w.path+suffix)
		}
		if suffix == "-shm" && info.Size() < minIndex {
			return false, fmt.Errorf("%w: %s was cut to %d bytes", ErrCorrupt, w.path+suffix, info.Size())
		}
		if i < len(w.last) {
			now := stamp{info.Size(), info.ModTime()}
			touched = touched || now != w.last[i]
			w.last[i] = now
		}
	}
	if w.named != w.path {
		if info, err := os.Stat(w.named); err != nil || !os.SameFile(info, w.files[0]) {
			return false, fmt.Errorf("%w: the link %s does not lead to the file any more that was opened", errGone, w.named)
		}
	}
	return touched, nil
}

// errGone says that what was stored may still be saved (see rescue).
var errGone = errors.New("the journal's files are not in their place")

// before looks before something is stored.
func (j *Journal) before(ctx context.Context) error {
	if j.damage != nil {
		return j.damage
	}
	touched, err := j.watch.stamps()
	if err == nil && touched {
		j.o.Log.Warn("another process wrote to the journal's files; checking them", "path", j.o.Path)
		err = j.examine(ctx)
	}
	return j.damaged(ctx, err)
}

// after looks before what was stored is acknowledged: it must be where the next
// one who opens the journal finds it.
func (j *Journal) after(ctx context.Context) error {
	_, err := j.watch.stamps()
	if err == nil {
		err = j.watch.end()
	}
	return j.damaged(ctx, err)
}

// end compares the log's end with what the wal-index says.
func (w *watch) end() error {
	end, err := readWALEnd(w.shm)
	if err == nil {
		err = end.check(w.path + "-wal")
	}
	if err != nil {
		return fmt.Errorf("%w: %w; %s", ErrCorrupt, err, adviceCorrupt)
	}
	return nil
}

// close comes after SQLite has closed its files.
func (w *watch) close() error {
	if w == nil || w.shm == nil {
		return nil
	}
	return w.shm.Close()
}

// examine reads all that is there again, past SQLite's memory of it.
func (j *Journal) examine(ctx context.Context) error {
	r, err := OpenReader(ctx, j.o.Path)
	if err != nil {
		return err
	}
	defer r.Close()
	report, err := r.Verify(ctx, nil)
	if err != nil {
		return err
	}
	return report.err()
}

// err is the first fault.
func (r Report) err() error {
	if r.OK() {
		return nil
	}
	return fmt.Errorf("%w: %s (message %d; %d faults in all); %s", ErrCorrupt, r.Faults[0].What, r.Faults[0].Seq,
		int64(len(r.Faults))+r.More, adviceCorrupt)
}

// damaged takes err for the end of the journal: nothing is acknowledged from then
// on, until a person has looked and the program is started again.
func (j *Journal) damaged(ctx context.Context, err error) error {
	if err == nil || j.damage != nil {
		return j.damage
	}
	advice := "nothing is stored until the files are put right and the program is started again"
	if errors.Is(err, errGone) {
		if saved, rerr := j.rescue(ctx); rerr == nil {
			advice = "all that was stored is saved in " + saved + "; where the journal is not there, the next start puts it back"
		} else {
			advice = fmt.Sprintf("what was stored lives only in this process (%d): copy the files below /proc/%d/fd before it ends (saving it failed: %v)",
				os.Getpid(), os.Getpid(), rerr)
		}
	}
	j.damage = fmt.Errorf("%w; %s", err, advice)
	j.o.Log.Error("journal damaged; nothing is acknowledged any more", "path", j.o.Path, "error", j.damage)
	j.setErr(j.damage)
	return j.damage
}
