// Package exit says with which code a program ends, so that systemd, cron and mail
// systems do what fits: try again, or leave it to a person.
//
// Not here: ending the program, which main alone does.
package exit

import (
	"errors"
	"io/fs"
	"syscall"

	"busbar/common/journal"
)

// Exit codes, of sysexits(3): mail systems act on them.
const (
	OK       = 0
	Failure  = 1
	Usage    = 64
	Data     = 65
	TempFail = 75 // try again later: the MTA keeps the mail
	Config   = 78
)

// An Error ends a program with a code of its own.
type Error struct {
	Code int
	Err  error
}

func (e *Error) Error() string { return e.Err.Error() }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// wrongJournal are the errors of a journal that stay until a person acts.
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

// Of gives the error of a program that cannot start, or go on, its exit code:
// 78 for what stays wrong until a person acts, so that nobody starts it again and
// again; 75 for what passes. Any other error stays as it is.
func Of(err error) error {
	var exit *Error
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
		return &Error{TempFail, err}
	case is(wrongJournal), is(wrongForGood):
		return &Error{Config, err}
	}
	return err
}

// Code is the exit code that an error has, or the other one.
func Code(err error, other int) int {
	var exit *Error
	if errors.As(Of(err), &exit) {
		return exit.Code
	}
	return other
}
