package guard

import "sync"

// ahead is how many bytes of messages may wait in zmq4 for the application:
// zmq4 counts messages, ten of them, however long they are.
const ahead = 4 << 20

// A credit is what zmq4 was handed and the application has not taken.
type credit struct {
	mu    sync.Mutex
	moved sync.Cond
	bytes int
	dead  bool
}

func newCredit() *credit {
	c := &credit{}
	c.moved.L = &c.mu
	return c
}

// wait returns when there is room for another message, however long, or at the
// end of the connection.
func (c *credit) wait() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.bytes >= ahead && !c.dead {
		c.moved.Wait()
	}
}

func (c *credit) add(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bytes += n
	c.moved.Broadcast()
}

func (c *credit) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dead = true
	c.moved.Broadcast()
}

// Took tells the guard that the application has a message of a SUB, so that the
// next ones may be read.
func (c *Conn) Took(frames [][]byte) {
	n := 0
	for _, f := range frames {
		n += len(f)
	}
	c.credit.add(-n)
}
