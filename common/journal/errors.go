package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

// What can be wrong with a journal. Errors of this package wrap these, name the
// file, and say what to do.
var (
	ErrMissing   = errors.New("there is no journal")
	ErrLocked    = errors.New("another process writes this journal")
	ErrEmpty     = errors.New("the file is empty")
	ErrForeign   = errors.New("this is not a journal of Busbar")
	ErrNewer     = errors.New("the journal was made by a newer program")
	ErrOlder     = errors.New("the journal was made by an older program")
	ErrCorrupt   = errors.New("the journal is corrupt")
	ErrOrphanWAL = errors.New("the journal is gone but its write-ahead log is there")
	ErrIdentity  = errors.New("the journal belongs to another publisher")
	ErrFull      = errors.New("the disk is full")
	ErrClosed    = errors.New("the journal is closed")
	ErrRecord    = errors.New("the record cannot be stored") // its own fault: trying again is useless
	ErrStale     = errors.New("an earlier record failed")    // see SubmitIf
	ErrNotFound  = errors.New("not in the journal")
	ErrPruned    = errors.New("dropped by retention")
	ErrElsewhere = errors.New("told by another publisher, not by this one")
)

const adviceCorrupt = "copy FILE, FILE-wal and FILE-shm away, then put a backup in their place, " +
	"or save what is readable with sqlite3's .recover, " +
	"or move all three aside to begin a new sequence (what the sources still hold is told again)"

const adviceForeign = "check the path, or move the file aside"

// explain turns what SQLite or the system said into one of the errors above
// where a person can act on it.
func explain(err error) error {
	if err == nil {
		return nil
	}
	var se *sqlite.Error
	if errors.As(err, &se) {
		return explainSQLite(err, se.Code())
	}
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("%w: %w; free some space", ErrFull, err)
	case errors.Is(err, syscall.EROFS):
		return fmt.Errorf("%w; the writer needs a file system that is mounted read-write", err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w; run as the user who owns the journal, or give it the file and its folder", err)
	}
	return err
}

func explainSQLite(err error, code int) error {
	switch code & 0xff {
	case lib.SQLITE_FULL:
		return fmt.Errorf("%w: %w; free some space", ErrFull, err)
	case lib.SQLITE_CORRUPT:
		return fmt.Errorf("%w: %w; %s", ErrCorrupt, err, adviceCorrupt)
	case lib.SQLITE_NOTADB:
		return fmt.Errorf("%w: %w; %s", ErrForeign, err, adviceForeign)
	case lib.SQLITE_BUSY, lib.SQLITE_LOCKED:
		return fmt.Errorf("%w; another program holds the file: end its transaction", err)
	case lib.SQLITE_READONLY:
		return fmt.Errorf("%w; the file or its folder cannot be written: check owner, mode and mount", err)
	case lib.SQLITE_CANTOPEN:
		return fmt.Errorf("%w; while no writer runs, a reader must be able to write in the folder: run as the user who owns the journal", err)
	case lib.SQLITE_IOERR:
		return fmt.Errorf("%w; the disk is full, over a limit, or failing: see the kernel's log", err)
	}
	return err
}
