package guard

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/go-zeromq/zmq4"
)

// farewell is how long a peer may take to see our end of the stream and
// close its own, after everything was written.
const farewell = 500 * time.Millisecond

// A Conn is a connection whose handshake is done and whose every frame is
// checked before zmq4 sees it. Read and Write speak ZMTP with zmq4, not with
// the peer: Read begins with a handshake that the guard wrote itself, and
// Write forgets zmq4's.
type Conn struct {
	net.Conn
	peers  *peers
	kind   zmq4.SocketType // the peer's
	remote string

	// Used by zmq4's one reading goroutine.
	r       *bufio.Reader
	buf     []byte        // the message under way
	unread  []byte        // what zmq4 has yet to take of buf
	pending *subscription // handed to zmq4, in force when zmq4 asks for more
	bytes   int           // of all topics

	credit *credit // of a SUB

	// Guarded by peers.mu.
	topics    map[string]struct{} // in force
	displaced bool                // its place is another's already

	host  string
	since time.Time

	writing sync.Mutex // guards cut
	cut     cutter
	queue   *queue
	writer  chan struct{} // closed when nothing more will be written

	once sync.Once
	done chan struct{}
	err  error // why it ended; read after done
}

// admit takes over a connection whose handshake is done.
func (p *peers) admit(h *handshake, r *bufio.Reader, kind zmq4.SocketType) (*Conn, error) {
	conn := h.conn
	c := &Conn{
		Conn:   conn,
		peers:  p,
		kind:   kind,
		remote: conn.RemoteAddr().String(),
		host:   h.host,
		since:  time.Now(),
		r:      r,
		unread: append(greeting(kind), ready(kind)...),
		topics: map[string]struct{}{},
		credit: newCredit(),
		queue:  newQueue(p, conn.RemoteAddr().String()),
		writer: make(chan struct{}),
		done:   make(chan struct{}),
	}
	if !p.connected(h, c) {
		conn.Close()
		return nil, faultf("displaced", "another took its place before the handshake was over")
	}
	p.o.Log.Debug("peer connected", "peer", c.remote, "socket", string(c.kind))
	go c.write()
	return c, nil
}

// Done is closed when the connection has ended; Err then tells why.
func (c *Conn) Done() <-chan struct{} { return c.done }

// Err tells why the connection ended; nil while it lives.
func (c *Conn) Err() error {
	select {
	case <-c.done:
		return c.err
	default:
		return nil
	}
}

// Read gives zmq4 whole, checked messages. Every end is io.EOF between two
// messages, the one end after which zmq4 forgets a connection.
func (c *Conn) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if len(c.unread) == 0 {
		c.inForce()
		if err := c.fill(); err != nil {
			c.shut(err)
			return 0, io.EOF
		}
	}
	n := copy(p, c.unread)
	if c.unread = c.unread[n:]; len(c.unread) == 0 && cap(c.buf) > 4*c.peers.o.readBuffer() {
		c.buf, c.unread = nil, nil // a large message is not kept until the next one
	}
	return n, nil
}

// fill reads the next message that concerns zmq4.
func (c *Conn) fill() error {
	c.buf = c.buf[:0]
	frames, size := 0, 0
	if c.peers.o.Type == zmq4.Sub {
		c.credit.wait()
	}
	for {
		start := len(c.buf)
		buf, h, err := readFrame(c.r, c.buf, c.peers.o.MaxMessage)
		c.buf = buf
		if err != nil {
			return err
		}
		body := c.buf[start+h.length:]
		if h.command() {
			// libzmq may put a PING between the frames of a message.
			forward, err := c.command(body, frames)
			if err != nil || forward {
				return err
			}
			c.buf = c.buf[:start]
			continue
		}
		if frames++; frames > maxFrames {
			return faultf("too-many-frames", "a message of more than %d frames", maxFrames)
		}
		size += len(body)
		if h.more() {
			continue
		}
		if c.peers.o.Type == zmq4.Sub {
			c.credit.add(size)
		}
		if c.peers.o.Type != zmq4.Pub {
			c.unread = c.buf
			return nil
		}
		forward, err := c.toPub(body, frames)
		if err != nil || forward {
			return err
		}
		c.buf, frames = c.buf[:0], 0
	}
}

// Write takes what zmq4 sends and queues every message that it completes.
// For a PUB it never waits.
func (c *Conn) Write(p []byte) (int, error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	alive := true
	c.cut.feed(p, func(message []byte) {
		if !isMark(message) {
			alive = c.queue.put(message) && alive
		}
	})
	if !alive {
		return 0, fmt.Errorf("guard: the connection to %s has ended: %w", c.remote, io.EOF)
	}
	return len(p), nil
}

func (c *Conn) write() {
	defer close(c.writer)
	if err := c.queue.run(c.Conn); err != nil {
		c.shut(err)
	}
}

// Close ends the connection at once.
func (c *Conn) Close() error {
	c.shut(errClosed)
	return nil
}

// linger writes what is queued, until the deadline, and closes.
func (c *Conn) linger(deadline time.Time) {
	c.queue.finish(deadline)
	if err := c.Conn.SetWriteDeadline(deadline); err != nil {
		c.shut(errClosed)
		return
	}
	<-c.writer
	// Closing with bytes unread would reset the connection and so take back
	// what the peer has not read: end our half, and let it end the other.
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		wait := time.NewTimer(min(farewell, max(0, time.Until(deadline))))
		defer wait.Stop()
		select {
		case <-c.done:
		case <-wait.C:
		}
	}
	c.shut(errClosed)
}

func (c *Conn) shut(err error) {
	c.once.Do(func() {
		c.err = err
		c.queue.kill()
		c.credit.end()
		c.Conn.Close() // ends the reader and the writer; its error is of no use
		left, dropped := c.queue.settle()
		c.peers.gone(c, err, left, dropped)
		close(c.done)
	})
}
