package wire

import (
	"context"
	"time"
)

// A pace keeps a burst from overrunning the queues of subscribers that read,
// only slower than the journal. What waits here is on disk; what overruns a
// queue is lost to that subscriber.
type pace struct {
	// high is how many bytes may wait for one subscriber without our waiting
	// for it: a quarter of its queue, for as much again may be on its way there.
	high int
	// each is the longest wait for one message: the rate never falls below
	// its inverse, whatever subscribers do.
	each time.Duration
	// still is how long a subscriber may take nothing before it is taken to
	// have stalled; nobody waits for it until it moves again.
	still time.Duration

	messages, bytes int // since the last look
}

const (
	defaultQueue = 8 << 20
	paceEach     = 5 * time.Millisecond
	paceStill    = time.Second
)

func newPace(o PubOptions) pace {
	queue := o.QueueBytes
	if queue <= 0 {
		queue = defaultQueue
	}
	return pace{high: queue / 4, each: paceEach, still: paceStill}
}

// sent counts a message, and now and then looks whether to wait.
func (p *pace) sent(ctx context.Context, pub *Pub, bytes int) {
	p.messages++
	p.bytes += bytes
	if p.bytes < p.high/8 {
		return
	}
	p.wait(ctx, pub, p.messages)
	p.messages, p.bytes = 0, 0
}

// wait returns when everybody who reads has room again, or after messages have
// paid for it.
func (p *pace) wait(ctx context.Context, pub *Pub, messages int) {
	end := time.Now().Add(time.Duration(messages) * p.each)
	for pub.pub.Behind(p.still) > p.high && time.Now().Before(end) {
		if pause(ctx, time.Millisecond) != nil {
			return
		}
	}
}
