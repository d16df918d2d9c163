package lmtp

import (
	"sync"
	"time"
)

// Stats is what came since the start.
type Stats struct {
	Connections int64     // ever
	Open        int       // now
	Stored      int64     // mails that are durable, and were acknowledged
	Refused     int64     // mails that were not stored, and come again
	Last        time.Time // when one was stored; zero: never
}

// counts are the Stats as they grow.
type counts struct {
	mu sync.Mutex
	s  Stats
}

// Stats may be asked from any goroutine.
func (c *Channel) Stats() Stats {
	c.counts.mu.Lock()
	defer c.counts.mu.Unlock()
	return c.counts.s
}

// opened takes note of a connection; what it returns, of its end.
func (c *counts) opened() (ended func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.s.Connections++
	c.s.Open++
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.s.Open--
	}
}

// answered takes note of what a mail's sender is told.
func (c *counts) answered(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		c.s.Refused++
		return
	}
	c.s.Stored++
	c.s.Last = time.Now()
}
