package archive

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

// The write-ahead log holds what was stored last, until it is written into the file
// itself (a checkpoint: SQLite, "Write-Ahead Logging", §2.1). It begins again from its
// start once nobody reads from it: with readers whose times overlap that may never be,
// and the log would grow without end.
const (
	// checkpointPages is after how much of the log, in pages of 8 KiB, what it holds
	// is written into the file: 64 MiB, so that a page which changes in many
	// transactions is written once.
	checkpointPages = 8192
	// keptLog is how long the log's file stays when it begins again.
	keptLog = 64 << 20
	// maxLog is the size at which who reads must wait until the log begins again.
	maxLog int64 = 256 << 20
	// logPause is how long the log may grow after that was in vain: somebody reads for
	// longer than a question may take, in another program.
	logPause = time.Minute
)

// A logWatch bounds the log.
type logWatch struct {
	max   int64 // 0 stands for maxLog
	again time.Time
}

// shorten lets a log that is too long begin again. It takes all of the reader's
// connections, so that nobody here reads from the log; a question takes no longer than
// its time-out. The caller holds writing.
func (a *Archive) shorten(ctx context.Context) {
	size := sizeOf(a.o.Path + logSuffix)
	if size <= cmp.Or(a.log.max, maxLog) || a.o.Now().Before(a.log.again) || a.Reader == nil {
		return
	}
	if err := a.restartLog(ctx); err != nil {
		a.log.again = a.o.Now().Add(logPause)
		a.o.Log.Warn("the archive's log grows, for somebody reads without an end: look for programs that have the file open",
			"path", a.o.Path, "bytes", size, "error", err)
	}
}

func (a *Archive) restartLog(ctx context.Context) error {
	timed, cancel := context.WithTimeout(ctx, 2*a.Reader.limit)
	defer cancel()
	// Questions that come meanwhile wait: their turn could come before ours, for ever.
	defer a.Reader.pause()()
	var taken [readers]*sql.Conn
	var failed [readers]error
	var wg sync.WaitGroup
	for i := range taken {
		wg.Go(func() { taken[i], failed[i] = a.Reader.db.Conn(timed) })
	}
	wg.Wait()
	for _, c := range taken {
		if c != nil {
			defer c.Close()
		}
	}
	if err := errors.Join(failed[:]...); err != nil {
		return fmt.Errorf("waiting for questions to end: %w", err)
	}
	// Other programs get less time than a statement of ours: all questions wait.
	if _, err := a.db.ExecContext(ctx, "PRAGMA busy_timeout = 2000"); err != nil {
		return err
	}
	var busy, frames, written int64
	err := a.db.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &frames, &written)
	_, back := a.db.ExecContext(ctx, fmt.Sprintf("PRAGMA busy_timeout = %d", patience.Milliseconds()))
	if err == nil && busy != 0 {
		err = fmt.Errorf("%d of %d pages are written into the file", written, frames)
	}
	return errors.Join(err, back)
}

// pause lets new questions wait until it is undone.
func (r *Reader) pause() (undo func()) {
	paused := make(chan struct{})
	r.paused.Store(&paused)
	return func() {
		r.paused.Store(nil)
		close(paused)
	}
}

// unpaused returns when questions may begin, or ctx ends.
func (r *Reader) unpaused(ctx context.Context) {
	if paused := r.paused.Load(); paused != nil {
		select {
		case <-*paused:
		case <-ctx.Done():
		}
	}
}

const logSuffix = "-wal"

// Sizes are how long the archive's file and its write-ahead log are, in bytes; 0 where
// they are not there.
func (r *Reader) Sizes() (file, log int64) { return sizeOf(r.path), sizeOf(r.path + logSuffix) }

func sizeOf(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}
