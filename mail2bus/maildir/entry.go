package maildir

import (
	"slices"
	"time"

	"busbar/common/backoff"
)

// An entry is what the channel knows of one file in new/.
type entry struct {
	held   bool      // queued or handed out, not done
	later  time.Time // not before: still being written, or refused by a transient error
	fails  int       // how often in a row
	done   *Mail     // its events are durable; only leaving new/ is left
	since  time.Time // since when it is being written
	remove bool      // when it is done it is removed, and not moved to cur/
	logged bool      // the log knows that it hangs, or that it is no mail
	bad    error     // why it could not be read, or not leave new/, the last time
	from   time.Time // since when
}

// hanging is how long a file may be written before the log says so.
const hanging = time.Minute

// due takes the files that nobody has in hand and whose time has come.
func (c *Channel) due(names []string, now time.Time) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var queue []string
	for _, name := range names {
		e := c.entry(name)
		if !e.held && !now.Before(e.later) {
			e.held = true
			queue = append(queue, name)
		}
	}
	return queue
}

func (c *Channel) entry(name string) *entry {
	e := c.files[name]
	if e == nil {
		e = &entry{}
		c.files[name] = e
	}
	return e
}

// nextLook is the time until the next retry, or the poll interval.
func (c *Channel) nextLook() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	look := c.o.Poll
	for _, e := range c.files {
		if !e.held && !e.later.IsZero() {
			look = min(look, max(time.Until(e.later), 0))
		}
	}
	return look
}

// finished is the mail of that name, if only leaving new/ is left.
func (c *Channel) finished(name string) (Mail, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.entry(name); e.done != nil {
		return *e.done, true
	}
	return Mail{}, false
}

// again has the file queued later, each time later than the last.
// bad is what is wrong with the file itself; nil: it waits for others.
func (c *Channel) again(name string, done *Mail, bad error) {
	c.mu.Lock()
	e := c.entry(name)
	if e.bad == nil {
		e.from = time.Now()
	}
	e.bad = bad
	e.fails++
	e.held, e.done = false, done
	e.later = time.Now().Add(backoff.Times{First: 2 * settleWait, Most: maxBackoff}.After(e.fails))
	c.mu.Unlock()
	c.poke() // Next may be waiting for something later
}

// notYet has the file queued again soon: somebody is writing it.
func (c *Channel) notYet(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, now := c.entry(name), time.Now()
	if e.since.IsZero() {
		e.since = now
	}
	e.held, e.later = false, now.Add(settleWait)
	if !e.logged && now.Sub(e.since) > hanging {
		e.logged = true
		c.o.Log.Warn("mail is still being written; it is read when that ends", "dir", c.o.Dir, "mail", name, "since", e.since)
	}
}

// ignore leaves alone what is no mail, and says so once.
func (c *Channel) ignore(name string, why error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	logged := c.entry(name).logged
	c.files[name] = &entry{logged: true}
	if !logged {
		c.o.Log.Warn("not a mail; left alone", "dir", c.o.Dir, "name", name, "because", why)
	}
}

func (c *Channel) forget(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.files, name)
}

// forgetAbsent forgets what somebody took away. What is handed out is
// remembered until it is done.
func (c *Channel) forgetAbsent(names, odd []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	present := make(map[string]bool, len(names))
	for _, name := range slices.Concat(names, odd) {
		present[name] = true
	}
	for name, e := range c.files {
		if !present[name] && !e.held {
			delete(c.files, name)
		}
	}
}

// Discard has a mail that was handed out removed when it is done, and not moved to
// cur/: it was sent by this program itself.
func (c *Channel) Discard(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.files[name]; e != nil {
		e.remove = true
	}
}

func (c *Channel) discarded(name string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.files[name]
	return e != nil && e.remove
}

// idle reports whether no mail is handed out, or waits to be handed out again.
func (c *Channel) idle() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range c.files {
		if e.held || e.fails > 0 && e.bad == nil {
			return false
		}
	}
	return true
}
