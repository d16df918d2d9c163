package wire

import (
	"time"

	"busbar/common/drain"
)

// cursorHeld is how long one slow subscriber may hold back the cursor, and with it
// the journal's retention.
const cursorHeld = time.Minute

// A cursor is how far the publisher has come, and how far it may say so.
type cursor struct {
	pub  *Pub
	ack  func(seq int64)
	sent int64
	// before is what was sent at the last look: the queues show only what
	// the socket has sorted, which takes it a moment.
	before int64

	// While a subscriber is behind: what was sent when that was first seen.
	held  int64
	since time.Time
}

func newCursor(pub *Pub, link *drain.Link) *cursor {
	at := link.Cursor()
	return &cursor{pub: pub, ack: link.Ack, sent: at, before: at}
}

// save acknowledges what subscribers have got. Messages still queued for one
// would die with this process: the cursor waits for them, so that a later run
// sends them again and ids sort it out. A subscriber that never catches up holds
// it for cursorHeld and no longer.
func (c *cursor) save(now time.Time) {
	before := c.before
	c.before = c.sent
	if c.pub.Stats().QueuedBytes == 0 {
		c.held = 0
		c.ack(before)
		return
	}
	if c.held == 0 {
		c.held, c.since = c.sent, now
		return
	}
	if now.Sub(c.since) < cursorHeld {
		return
	}
	late := c.held
	c.held, c.since = c.sent, now
	c.ack(late)
}
