package drain

import (
	"context"
	"errors"
	"fmt"
	"time"

	"busbar/common/journal"
)

// A Sink is one way out: it knows how to reach its far side.
type Sink interface {
	// Open reaches the far side. It is called before the first message, and after
	// each failure, when the connection before it is closed. It returns soon after
	// ctx ends; ctx lasts as long as the connection. A far side that needs no
	// connection is opened by doing nothing.
	Open(ctx context.Context, link *Link) (Conn, error)
}

// A Conn is an open way. Send and Close are called by one goroutine.
type Conn interface {
	// Send takes messages over, at least one, oldest first. It may take its time:
	// the journal keeps what waits. It returns when it can take more, with an
	// error when the connection is of no use any more, and soon after ctx ends.
	// Whatever it holds on to it must bound, or answer; the loop hands over no more
	// than Drain.Window says before there is an answer.
	//
	// The answer is Link.Ack, during Send or later: for each message, for all at
	// the end of a batch, or for as many as there are answers for. An error that
	// wraps ErrRefused says that the far side does not take one of the batch,
	// whichever: the loop hands them over one by one to find it.
	//
	// The messages are the sink's to read only, for as long as it likes.
	Send(ctx context.Context, batch []journal.Message) error
	// Close ends the connection, and returns within a few seconds. What the far
	// side still answers may be acknowledged until it returns; nothing of the
	// connection runs on after that.
	Close() error
}

// ErrRefused is what an error of Send wraps where the far side will not take a
// message, however often it is sent: too large for it, or of a form that it
// refuses. A key that is not accepted or a quota that is used up is no such thing.
var ErrRefused = errors.New("the far side refuses the message")

// A Later is an error of Open or Send where the far side says for how long it wants to
// be left alone. It is, for an hour at most.
type Later struct {
	Wait time.Duration
	Err  error
}

func (l *Later) Error() string { return fmt.Sprintf("%v (left alone for %s)", l.Err, l.Wait) }

// Unwrap gives what went wrong.
func (l *Later) Unwrap() error { return l.Err }

// A Bookmarker is a [Store] that also keeps what the sink calls the place up to which its
// far side has everything (see Link.AckAt): with the cursor, both or neither.
type Bookmarker interface {
	// Bookmark is the last bookmark of a sink; empty: none was ever set.
	Bookmark(ctx context.Context, sink string) (string, error)
	// SetBookmark is SetCursor, and keeps the bookmark.
	SetBookmark(ctx context.Context, sink string, seq int64, bookmark string) error
}

// A Store is what is emptied: a *journal.Journal. Methods are as there.
type Store interface {
	OpenSink(ctx context.Context, sink string, begin journal.Begin) (int64, error)
	After(ctx context.Context, seq int64, limit int) ([]journal.Message, error)
	Changed() <-chan struct{}
	SetCursor(ctx context.Context, sink string, seq int64) error
	Missed(ctx context.Context, sink string) ([]journal.Missed, error)
	Miss(ctx context.Context, sink string, m journal.Missed) error
	Unmiss(ctx context.Context, sink string, first, last int64) error
}
