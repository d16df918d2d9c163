package wire

import (
	"context"
	"fmt"
	"time"
)

// A cursor is how far the publisher has come, and how far the journal knows.
type cursor struct {
	p     *Publisher
	pub   *Pub
	sent  int64
	saved int64
	// before is what was sent at the last look: the queues show only what
	// the socket has sorted, which takes it a moment.
	before int64

	// While a subscriber is behind: what was sent when that was first seen.
	held  int64
	since time.Time
}

func (c *cursor) read(ctx context.Context) error {
	cursors, err := c.p.Journal.Reader().Cursors(ctx)
	if err != nil {
		return fmt.Errorf("reading the publisher's cursor: %w", err)
	}
	c.sent, c.saved, c.before = cursors[c.p.Sink], cursors[c.p.Sink], cursors[c.p.Sink]
	return nil
}

// save tells the journal what subscribers have got. Messages still queued for
// one would die with this process: the cursor waits for them, so that a later
// run sends them again and ids sort it out. A subscriber that never catches up
// holds it for cursorHeld and no longer.
func (c *cursor) save(ctx context.Context, now time.Time) error {
	before := c.before
	c.before = c.sent
	if c.pub.Stats().QueuedBytes == 0 {
		c.held = 0
		return c.set(ctx, before)
	}
	if c.held == 0 {
		c.held, c.since = c.sent, now
		return nil
	}
	if now.Sub(c.since) < cursorHeld {
		return nil
	}
	late := c.held
	c.held, c.since = c.sent, now
	return c.set(ctx, late)
}

func (c *cursor) set(ctx context.Context, seq int64) error {
	if seq <= c.saved {
		return nil
	}
	if err := c.p.Journal.SetCursor(ctx, c.p.Sink, seq); err != nil {
		return fmt.Errorf("keeping the publisher's cursor: %w", err)
	}
	c.saved = seq
	return nil
}
