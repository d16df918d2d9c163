package replay

import (
	"errors"
	"fmt"
	"time"
)

// A Range is which messages of one publisher are asked for.
type Range struct {
	// Publisher and Epoch name the sequence that the numbers count. Empty: the one
	// that the server has, if it has one alone.
	Publisher, Epoch string
	// From and To are numbers of messages (seq_id), both included. From 0 is the
	// oldest that is kept; To 0 is the newest at the time of asking.
	From, To uint64
	// Since, if From is 0, begins with the first message that the publisher took at
	// this time or later; whole seconds.
	Since time.Time
}

func (r Range) String() string {
	from, to := "the oldest", "the newest"
	switch {
	case r.From > 0:
		from = fmt.Sprint(r.From)
	case !r.Since.IsZero():
		from = r.Since.UTC().Format(time.RFC3339)
	}
	if r.To > 0 {
		to = fmt.Sprint(r.To)
	}
	return fmt.Sprintf("messages %s to %s of %s, epoch %s", from, to, orAny(r.Publisher), orAny(r.Epoch))
}

func orAny(s string) string {
	if s == "" {
		return "any"
	}
	return s
}

// What an endpoint may answer for good. All else that Fetch returns may pass by
// itself: the endpoint was away, or busy, for longer than the client waits.
var (
	// ErrNoReplay: whoever is at the endpoint answers no replay, such as a plain
	// publisher of fedmsg.
	ErrNoReplay = errors.New("no replay is answered here")
	// ErrUnreadable: the server has the messages and cannot read them.
	ErrUnreadable = errors.New("the server cannot read its messages")
	// ErrRefused: the server did not understand the request.
	ErrRefused = errors.New("the server refused the request")
)

// A GoneError says that retention has dropped the next message of a range.
type GoneError struct {
	Next   uint64 // the number that was due
	Oldest uint64 // the lowest number behind it that is kept; 0: none
}

func (e *GoneError) Error() string {
	if e.Oldest == 0 {
		return fmt.Sprintf("message %d is gone, and so are all behind it", e.Next)
	}
	return fmt.Sprintf("message %d is gone: the oldest that is kept is %d", e.Next, e.Oldest)
}

// An AbsentError says that the sequence does not reach as far as the range: the
// publisher never said that number, or its journal was put back to an older copy.
type AbsentError struct {
	Next   uint64 // the number that was due
	Newest uint64 // the newest that there is; 0: none
	// Archive says that the server is not the publisher: the number may yet come.
	Archive bool
}

func (e *AbsentError) Error() string {
	return fmt.Sprintf("message %d is not there: the newest is %d", e.Next, e.Newest)
}

// An EpochError says that the server does not have the sequence.
type EpochError struct {
	Publisher, Epoch string // as the server has them; empty: it has none of that name, or several
	Archive          bool   // the server is not the publisher: it may yet come
}

func (e *EpochError) Error() string {
	if e.Publisher == "" {
		return "that sequence is not known here, where there may be several of other names"
	}
	return fmt.Sprintf("that sequence is not known here: this is %s, epoch %s", e.Publisher, e.Epoch)
}
