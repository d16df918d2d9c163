package wire

import (
	"context"
	"time"
)

// A pace keeps a burst from overrunning the queues of subscribers that read,
// only slower than the journal. What waits here is safe; what overruns a queue
// is lost to that subscriber.
type pace struct {
	// high is how many bytes may be queued without waiting.
	high int64
	// each is the longest wait for one message: the rate never falls below
	// its inverse, whatever a subscriber does.
	each time.Duration
	// still is how long nothing may move before those who wait are taken to
	// have stalled; others do not wait for them.
	still time.Duration

	messages, bytes int // since the last look
}

const (
	defaultQueue = 8 << 20
	paceEach     = time.Millisecond
	paceStill    = 20 * time.Millisecond
)

func newPace(o PubOptions) pace {
	queue := o.QueueBytes
	if queue <= 0 {
		queue = defaultQueue
	}
	return pace{high: int64(queue) / 2, each: paceEach, still: paceStill}
}

// sent counts a message, and now and then looks whether to wait.
func (p *pace) sent(ctx context.Context, pub *Pub, bytes int) {
	p.messages++
	p.bytes += bytes
	if int64(p.bytes) < p.high/4 {
		return
	}
	p.wait(ctx, pub, p.messages)
	p.messages, p.bytes = 0, 0
}

// wait returns when there is room again, or after messages have paid for it.
func (p *pace) wait(ctx context.Context, pub *Pub, messages int) {
	least := pub.Stats().QueuedBytes
	if least <= p.high {
		return
	}
	end := time.Now().Add(time.Duration(messages) * p.each)
	for moved := time.Now(); time.Now().Before(end) && time.Since(moved) < p.still; {
		if pause(ctx, time.Millisecond) != nil {
			return
		}
		queued := pub.Stats().QueuedBytes
		if queued <= p.high {
			return
		}
		if queued < least {
			least, moved = queued, time.Now()
		}
	}
}
