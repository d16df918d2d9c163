package guard

import (
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/go-zeromq/zmq4"
)

// chunkSize is how much one write to the system holds; the write deadline
// is for one chunk, so a slow peer that makes progress is not cut off.
const chunkSize = 32 << 10

// A chunk holds whole messages, ready for the network.
type chunk struct {
	buf      []byte
	messages int
}

// A queue holds what waits for one peer: whole messages, bounded in bytes.
// (A message costs nothing beside its bytes, so they alone are counted.)
// zmq4 puts, one goroutine writes.
type queue struct {
	peers *peers
	drop  bool // a PUB drops when full; other sockets wait

	mu       sync.Mutex
	wake     sync.Cond
	chunks   []*chunk
	bytes    int  // waiting or being written
	messages int  // likewise
	dropped  int  // for want of room
	writing  bool // a chunk is on its way to the system
	dead     bool
	closing  bool
	deadline time.Time // of closing

	// For others to see; guarded by peers.mu.
	held  int       // bytes
	moved time.Time // when it last was empty, or gave something to the system

	remote string
}

func newQueue(p *peers, remote string) *queue {
	q := &queue{peers: p, remote: remote, moved: time.Now(), drop: p.o.Type == zmq4.Pub}
	q.wake.L = &q.mu
	return q
}

// put queues a copy of a message. A PUB's message that finds no room is
// dropped and counted; any other waits for room. It reports whether the
// connection lives.
func (q *queue) put(message []byte) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for !q.dead && !q.closing && !q.room(len(message)) {
		if q.drop {
			q.dropped++
			q.peers.missed(q)
			return true
		}
		q.wake.Wait()
	}
	if q.dead || q.closing {
		return false
	}
	q.add(message, 1)
	return true
}

// putCommand queues a command of the guard's own, or leaves it when full.
func (q *queue) putCommand(frame []byte) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.dead || q.closing || !q.room(len(frame)) {
		return false
	}
	q.add(frame, 0)
	return true
}

// room: a message larger than the queue still passes when it is alone.
func (q *queue) room(n int) bool {
	if q.bytes > 0 && q.bytes+n > q.peers.o.QueueBytes {
		return false
	}
	return q.peers.reserve(q, n)
}

func (q *queue) add(message []byte, messages int) {
	q.bytes += len(message)
	q.messages += messages
	last := len(q.chunks) - 1
	if last < 0 || cap(q.chunks[last].buf)-len(q.chunks[last].buf) < len(message) {
		q.chunks = append(q.chunks, q.fresh(len(message)))
		last++
	}
	c := q.chunks[last]
	c.buf = append(c.buf, message...)
	c.messages += messages
	q.wake.Broadcast()
}

func (q *queue) fresh(n int) *chunk {
	if n > chunkSize {
		return &chunk{buf: make([]byte, 0, n)}
	}
	return q.peers.pool.Get().(*chunk)
}

// take waits for the next chunk; nil means that the end has come.
func (q *queue) take() (*chunk, time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.chunks) == 0 && !q.dead && !q.closing {
		q.wake.Wait()
	}
	if q.dead || len(q.chunks) == 0 {
		return nil, time.Time{}
	}
	c := q.chunks[0]
	q.chunks[0] = nil
	q.chunks = q.chunks[1:]
	q.writing = true
	deadline := time.Now().Add(q.peers.o.WriteTimeout)
	if q.closing && q.deadline.Before(deadline) {
		deadline = q.deadline
	}
	return c, deadline
}

// written takes a chunk off the books of which n messages reached the system.
func (q *queue) written(c *chunk, n int) {
	q.mu.Lock()
	q.peers.mu.Lock()
	q.peers.stats.Queued -= int64(len(c.buf))
	q.peers.stats.Sent += int64(n)
	q.held -= len(c.buf)
	q.moved = time.Now()
	q.peers.mu.Unlock()
	q.bytes -= len(c.buf)
	q.messages -= n
	q.writing = false
	q.wake.Broadcast()
	q.mu.Unlock()
	if cap(c.buf) == chunkSize {
		c.buf, c.messages = c.buf[:0], 0
		q.peers.pool.Put(c)
	}
}

// run writes what comes until the end; an error means that the peer is lost.
func (q *queue) run(conn net.Conn) error {
	for {
		c, deadline := q.take()
		if c == nil {
			return nil
		}
		if err := conn.SetWriteDeadline(deadline); err != nil {
			q.written(c, 0)
			return fmt.Errorf("setting the write deadline: %w", err)
		}
		n, err := conn.Write(c.buf)
		if err == nil {
			q.written(c, c.messages)
			continue
		}
		q.written(c, wholeMessages(c.buf[:n]))
		if timeout, ok := err.(net.Error); ok && timeout.Timeout() {
			return &fault{reason: "write-timeout", err: fmt.Errorf("the peer took nothing for too long: %w", err)}
		}
		return fmt.Errorf("writing: %w", err)
	}
}

// finish lets run end once everything is written, at the deadline at the latest.
func (q *queue) finish(deadline time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closing, q.deadline = true, deadline
	q.wake.Broadcast()
}

// kill ends the queue: what waits will not be written.
func (q *queue) kill() {
	q.mu.Lock()
	defer q.mu.Unlock()
	waiting := 0
	for _, c := range q.chunks {
		waiting += len(c.buf)
	}
	q.dead, q.chunks = true, nil
	q.bytes -= waiting
	q.wake.Broadcast()
	q.peers.mu.Lock()
	q.peers.stats.Queued -= int64(waiting)
	q.held -= waiting
	q.peers.mu.Unlock()
}

// settle tells, of a queue that was killed, how many messages were left in it
// and how many were dropped in all. The connection must be closed: a peer may
// have read the whole of the last write, and gone, before that write returns,
// and then nothing of it was lost.
func (q *queue) settle() (left, dropped int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.writing {
		q.wake.Wait()
	}
	return q.messages, q.dropped + q.messages
}
