package wire

import (
	"context"
	"time"
)

// A Flow is for who sends many messages in order, as Publisher does of a journal: it
// waits for the subscribers that read, and knows up to where all have left the queues.
// Its methods are for one goroutine.
type Flow struct {
	pub    *Pub
	pace   pace
	cursor *cursor
}

// NewFlow begins behind number at. left is told numbers up to which everything has left
// the queues, now and then.
func NewFlow(pub *Pub, o PubOptions, at int64, left func(n int64)) *Flow {
	return &Flow{pub, newPace(o), &cursor{pub: pub, ack: left, sent: at, before: at}}
}

// Sent counts a message, and waits if its subscribers need that.
func (f *Flow) Sent(ctx context.Context, bytes int) { f.pace.sent(ctx, f.pub, bytes) }

// Pass says that all up to number n was sent.
func (f *Flow) Pass(n int64) { f.cursor.sent = n }

// Look is called about once a second, and tells left.
func (f *Flow) Look(now time.Time) { f.cursor.save(now) }

// Close closes the Pub, and tells left of what it wrote to the end.
func (f *Flow) Close() error {
	if err := f.pub.Close(); err != nil {
		return err
	}
	f.cursor.ack(f.cursor.sent)
	return nil
}
