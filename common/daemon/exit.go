package daemon

import (
	"errors"
	"io/fs"
	"syscall"

	"busbar/common/journal"
)

// wrongJournal are the troubles of a journal that stay until a person acts.
var wrongJournal = []error{
	journal.ErrForeign, journal.ErrNewer, journal.ErrOlder, journal.ErrIdentity, journal.ErrEmpty, journal.ErrCorrupt, journal.ErrOrphanWAL, journal.ErrMissing,
}

// What the system says where a path, a right or an address is wrong, and where
// something is short or taken for now.
var (
	wrongForGood = []error{
		fs.ErrNotExist, fs.ErrPermission, syscall.ENOTDIR, syscall.EISDIR, syscall.EROFS, syscall.ELOOP, syscall.ENAMETOOLONG, syscall.ENXIO, syscall.EXDEV,
	}
	wrongForNow = []error{
		journal.ErrLocked, journal.ErrFull, syscall.ENOSPC, syscall.EDQUOT, syscall.EADDRINUSE, syscall.EADDRNOTAVAIL, syscall.EMFILE, syscall.ENFILE,
		syscall.ENOMEM, syscall.EAGAIN, syscall.EINTR, syscall.ETIMEDOUT, syscall.ECONNREFUSED, syscall.ENETUNREACH, syscall.EHOSTUNREACH, syscall.EIO,
	}
)

// Exit gives the error of a program that cannot start, or go on, its exit code:
// 78 for what stays wrong until a person acts, so that nobody starts it again and
// again; 75 for what passes. Any other error stays as it is.
func Exit(err error) error {
	var exit *ExitError
	if err == nil || errors.As(err, &exit) {
		return err
	}
	is := func(list []error) bool {
		for _, e := range list {
			if errors.Is(err, e) {
				return true
			}
		}
		return false
	}
	switch {
	case is(wrongForNow):
		return &ExitError{ExitTempFail, err}
	case is(wrongJournal), is(wrongForGood):
		return &ExitError{ExitConfig, err}
	}
	return err
}

// code is the exit code that an error has, or the other one.
func code(err error, other int) int {
	var exit *ExitError
	if errors.As(Exit(err), &exit) {
		return exit.Code
	}
	return other
}
