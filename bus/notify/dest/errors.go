package dest

import (
	"errors"
	"time"
)

// A Fate is what a failed Send means.
type Fate int

// The fates.
const (
	Retry    Fate = iota // the destination does not work for now: all its notes wait
	RetryOne             // this note, or its address, does not for now: the others go on
	Dead                 // this note never will: it is kept as a dead letter
	Gone                 // nothing ever reaches this address: it is paused, and the note kept
)

// An Error is a failed Send whose meaning is known.
type Error struct {
	Err  error
	Fate Fate
	Wait time.Duration // not before; 0: as the outbox sees fit
	// Unsure says that the far side may have the note all the same: the connection
	// ended after it was handed over, before the answer. It is tried again.
	Unsure bool
}

func (e *Error) Error() string { return e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// Later is a failure of the destination that asked to be left alone for so long.
func Later(err error, wait time.Duration) error { return &Error{Err: err, Wait: wait} }

// One is a failure that concerns this note alone, for now.
func One(err error) error { return &Error{Err: err, Fate: RetryOne} }

// Refused is a note that the far side does not take, now or ever.
func Refused(err error) error { return &Error{Err: err, Fate: Dead} }

// Unreachable is an address at which there is nobody any more.
func Unreachable(err error) error { return &Error{Err: err, Fate: Gone} }

// Unsure is a note of which nobody knows whether it has arrived.
func Unsure(err error) error { return &Error{Err: err, Unsure: true} }

// FateOf reads an error of Send.
func FateOf(err error) Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return Error{Err: err, Fate: e.Fate, Wait: e.Wait, Unsure: e.Unsure}
	}
	return Error{Err: err}
}
