package journal

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// lock makes this process the one writer until the file is closed. A file of
// its own, because closing any descriptor of the journal itself would drop
// SQLite's locks on it (fcntl(2)). It stays behind, for removing it is a race.
func lock(path string) (*os.File, error) {
	f, err := os.OpenFile(path+".lock", os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		return nil, fmt.Errorf("locking: %w", explain(err))
	}
	// InUse, asked by another process, holds the lock for a moment. Longer holds
	// it a child of a writer that was killed while it started the child, until
	// that has begun its own program.
	const moment, afterDeath = 200 * time.Millisecond, 10 * time.Second
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		waited := time.Since(began)
		if !errors.Is(err, syscall.EWOULDBLOCK) || waited > moment && alive(holder(f)) || waited > afterDeath {
			break
		}
	}
	if errors.Is(err, syscall.EWOULDBLOCK) {
		pid := holder(f)
		f.Close()
		return nil, fmt.Errorf("%w (process %s); stop that one first, or give this instance a name and a journal of its own", ErrLocked, pid)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("locking: %w", err)
	}
	// The number is only for people: a full disk must not keep us from reading.
	if f.Truncate(0) == nil {
		_, _ = fmt.Fprintf(f, "%d\n", os.Getpid())
	}
	return f, nil
}

// holder is the number of the process that wrote its name into a lock last.
func holder(f *os.File) string {
	text := make([]byte, 32)
	n, _ := f.ReadAt(text, 0)
	return strings.TrimSpace(string(text[:n]))
}

// alive reports whether a process is there, as far as can be known.
func alive(pid string) bool {
	n, err := strconv.Atoi(pid)
	return err != nil || n <= 0 || !errors.Is(syscall.Kill(n, 0), syscall.ESRCH)
}

// InUse says whether a process writes the journal at path now.
func InUse(path string) bool {
	f, err := os.Open(real(path) + ".lock")
	if err != nil {
		return false
	}
	defer f.Close()
	// Shared, so that two who ask do not see each other.
	return errors.Is(syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB), syscall.EWOULDBLOCK)
}
