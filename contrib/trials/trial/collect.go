package trial

import (
	"context"
	"sync"
	"time"

	"busbar/common/event"
	"busbar/common/wire"
)

// A Received is what a follower got. A killed publisher takes with it what it had not
// sent yet, and PUB/SUB has no memory: what counts is that each loss is noticed.
type Received struct {
	Seqs    map[string]map[int64]bool // the numbers that came, by publisher
	From    map[string]int64          // behind which it came to each publisher: what was said before is none of its
	Gaps    []wire.Gap
	Dropped int // doubles, known by their id
	Bad     int // bad frames, and what the trial could not read
}

// A Collector follows publishers while an act runs.
type Collector struct {
	f    *wire.Follower
	note func(wire.Delivery) error
	done chan struct{}

	mu       sync.Mutex
	received Received
	newest   map[string]int64 // what each publisher's last heartbeat told
	last     time.Time        // when a message came
	err      error            // the last of what was bad
}

// Collect follows publishers until End. note is called for each message whose id
// is new, one at a time; its error counts as bad.
func Collect(ctx context.Context, o wire.FollowOptions, note func(wire.Delivery) error) (*Collector, error) {
	f, err := wire.Follow(ctx, o)
	if err != nil {
		return nil, err
	}
	c := &Collector{f: f, note: note, done: make(chan struct{}), newest: map[string]int64{}, last: time.Now(), received: Received{Seqs: map[string]map[int64]bool{}, From: map[string]int64{}}}
	go func() {
		defer close(c.done)
		for {
			d, err := f.Next(ctx)
			if err != nil {
				return
			}
			c.take(d)
		}
	}()
	return c, nil
}

func (c *Collector) take(d wire.Delivery) {
	c.mu.Lock()
	defer c.mu.Unlock()
	bad := func(err error) { c.received.Bad, c.err = c.received.Bad+1, err }
	if d.Err != nil {
		bad(d.Err)
		return
	}
	if d.Gap != nil {
		c.received.Gaps = append(c.received.Gaps, *d.Gap)
	}
	publisher, from := d.Envelope.Publisher, d.Envelope.Seq-1
	if d.Heartbeat {
		msg, _ := d.Envelope.Msg.(map[string]any)
		from = event.Integer(msg["newest"])
		c.newest[publisher] = from
	}
	if _, known := c.received.From[publisher]; !known {
		c.received.From[publisher] = from
	}
	if d.Heartbeat {
		return
	}
	c.last = time.Now()
	if c.received.Seqs[publisher] == nil {
		c.received.Seqs[publisher] = map[int64]bool{}
	}
	c.received.Seqs[publisher][d.Envelope.Seq] = true
	if d.Duplicate {
		c.received.Dropped++
	} else if err := c.note(d); err != nil {
		bad(err)
	}
}

// Ready waits for a heartbeat of each of so many publishers: what follows is received,
// or noticed as missing.
func (c *Collector) Ready(ctx context.Context, publishers int) error {
	return Await(ctx, "the first heartbeats", Patience, func() (bool, error) {
		c.mu.Lock()
		defer c.mu.Unlock()
		return len(c.newest) >= publishers, nil
	})
}

// Reaches waits until a publisher has told of a number, or sent it.
func (c *Collector) Reaches(ctx context.Context, publisher string, seq int64) error {
	return Await(ctx, "the subscriber to hear of the newest message", Patience, func() (bool, error) {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.newest[publisher] >= seq || c.received.Seqs[publisher][seq], nil
	})
}

// Quiet waits until nothing but heartbeats has come for a while.
func (c *Collector) Quiet(ctx context.Context, while time.Duration) error {
	for {
		c.mu.Lock()
		left, err := while-time.Since(c.last), c.err
		c.mu.Unlock()
		if err != nil || left <= 0 {
			return err
		}
		if err := Pause(ctx, left); err != nil {
			return err
		}
	}
}

// End ends the following, and gives what came.
func (c *Collector) End() (Received, error) {
	err := c.f.Close()
	<-c.done
	return c.received, err
}
