package archive

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

// What can be wrong with an archive, or with what is asked of it. Errors of this
// package wrap these.
var (
	ErrMissing  = errors.New("there is no archive")
	ErrLocked   = errors.New("another process writes this archive")
	ErrForeign  = errors.New("this is not an archive of Busbar")
	ErrNewer    = errors.New("the archive was made by a newer program")
	ErrOlder    = errors.New("the archive was made by an older program")
	ErrCorrupt  = errors.New("the archive is corrupt")
	ErrFull     = errors.New("the disk is full")
	ErrClosed   = errors.New("the archive is closed")
	ErrMessage  = errors.New("the message cannot be stored") // its own fault: trying again is useless
	ErrNotFound = errors.New("not in the archive")
	ErrPruned   = errors.New("dropped by retention")
	ErrQuery    = errors.New("the question cannot be answered") // its own fault
)

// explain turns what SQLite or the system said into one of the errors above where
// a person can act on it.
func explain(err error) error {
	if err == nil {
		return nil
	}
	var se *sqlite.Error
	if errors.As(err, &se) {
		switch se.Code() & 0xff {
		case lib.SQLITE_FULL:
			return fmt.Errorf("%w: %w; free some space", ErrFull, err)
		case lib.SQLITE_CORRUPT:
			return fmt.Errorf("%w: %w; put a backup in its place, or move FILE, FILE-wal and FILE-shm aside: a new archive is filled again with what publishers still hold", ErrCorrupt, err)
		case lib.SQLITE_NOTADB:
			return fmt.Errorf("%w: %w; check the path, or move the file aside", ErrForeign, err)
		case lib.SQLITE_BUSY, lib.SQLITE_LOCKED:
			return fmt.Errorf("%w; another program holds the file: end its transaction", err)
		case lib.SQLITE_READONLY:
			return fmt.Errorf("%w; the file or its folder cannot be written: check owner, mode and mount", err)
		case lib.SQLITE_IOERR:
			return fmt.Errorf("%w; the disk is full, over a limit, or failing: see the kernel's log", err)
		}
		return err
	}
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("%w: %w; free some space", ErrFull, err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w; run as the user who owns the archive, or give it the file and its folder", err)
	}
	return err
}
