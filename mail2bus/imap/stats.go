package imap

import "time"

// Stats is what became of the mailbox since the start.
type Stats struct {
	Connections int64 // on which the mailbox was opened, ever
	Connected   bool  // now
	Failures    int64 // connections that could not be made, or ended
	Mails       int64 // that were read
	Settled     int64 // that were marked, or moved
	// Looked is when all mails that the mailbox then had were read; zero: never.
	Looked time.Time
	Sick   bool // it cannot be read
	Left   bool // its mails cannot be marked, or moved
}

// Stats may be asked from any goroutine.
func (c *Channel) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.stats
	s.Sick, s.Left = c.sick != nil, c.left != nil
	return s
}

// count changes the Stats.
func (c *Channel) count(change func(*Stats)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(&c.stats)
}
