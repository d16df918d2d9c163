package guard

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/go-zeromq/zmq4"
)

// TestQueueBounds: a queue is bounded, a message larger than it still passes
// alone, and what was dropped or left is counted.
func TestQueueBounds(t *testing.T) {
	p, err := newPeers(Options{Type: zmq4.Pub, QueueBytes: 1000})
	if err != nil {
		t.Fatal(err)
	}
	q := newQueue(p, "")
	large := make([]byte, 3*chunkSize)
	for range 3 {
		q.put(large)
	}
	if s := p.snapshot(); s.Queued != int64(len(large)) || s.Dropped != 2 {
		t.Errorf("after the large ones: %+v", s)
	}
	q.kill()
	if left, dropped := q.settle(); left != 1 || dropped != 3 {
		t.Errorf("%d were left and %d dropped", left, dropped)
	}
	if q.put(large) || q.putCommand([]byte{0, 0}) {
		t.Error("a dead queue took something")
	}
	if s := p.snapshot(); s.Queued != 0 {
		t.Errorf("at the end: %+v", s)
	}
}

// TestZ6_TotalIsBounded: many stalled peers share one limit, and a peer that
// keeps up is served all the same.
func TestZ6_TotalIsBounded(t *testing.T) {
	p, err := newPeers(Options{Type: zmq4.Pub, QueueBytes: 1 << 20, TotalBytes: 1 << 20, MaxPeers: 64})
	if err != nil {
		t.Fatal(err)
	}
	message := make([]byte, 1000)
	for range 32 {
		stalled := newQueue(p, "")
		for range 1000 {
			stalled.put(message)
		}
	}
	if s := p.snapshot(); s.Queued > 2<<20 || s.Dropped < 29000 {
		t.Errorf("32 stalled peers hold %d bytes", s.Queued)
	}
	before := p.snapshot().Dropped
	healthy := newQueue(p, "")
	for range 10 {
		healthy.put(message)
	}
	if s := p.snapshot(); s.Dropped != before {
		t.Errorf("a healthy peer lost %d messages", s.Dropped-before)
	}
}

// TestWriteTimeout: a PUB's peer that takes nothing is disconnected, its
// messages counted, and nobody else notices.
func TestWriteTimeout(t *testing.T) {
	p, address := newTestPub(t, Options{WriteTimeout: 300 * time.Millisecond, QueueBytes: 1 << 20})
	stalled := connect(t, address)
	stalled.join(zmq4.Sub)
	stalled.send(command("SUBSCRIBE", ""))
	waitFor(t, p, "x")
	body := bytes.Repeat([]byte("b"), 60000)
	eventually(t, "it is cut off", func() bool {
		for range 50 {
			if err := p.Send([]byte("x"), body); err != nil {
				t.Fatal(err)
			}
		}
		return p.Stats().Disconnects["write-timeout"] == 1
	})
	if s := p.Stats(); s.Dropped == 0 || s.Queued != 0 {
		t.Errorf("stats %+v", s)
	}
	works(t, p, address)
}

// A hasty peer has read all of a write, and is gone, before the write returns.
type hasty struct {
	net.Conn
	once    sync.Once
	written chan struct{} // closed by the first write: the peer goes
	closed  chan struct{}
}

func (h *hasty) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (h *hasty) SetWriteDeadline(time.Time) error { return nil }

func (h *hasty) Read([]byte) (int, error) {
	<-h.written
	return 0, io.EOF
}

func (h *hasty) Write(b []byte) (int, error) {
	h.once.Do(func() { close(h.written) })
	<-h.closed
	return len(b), nil
}

func (h *hasty) Close() error {
	close(h.closed)
	return nil
}

// TestGoneWithTheLastMessage: what a peer has read before it went is not
// counted as missed, however late the system tells that it was written.
func TestGoneWithTheLastMessage(t *testing.T) {
	p, err := newPeers(Options{Type: zmq4.Pub})
	if err != nil {
		t.Fatal(err)
	}
	conn := &hasty{written: make(chan struct{}), closed: make(chan struct{})}
	c, err := p.admit(p.enter(conn), bufio.NewReader(conn), zmq4.Sub)
	if err != nil {
		t.Fatal(err)
	}
	c.queue.put(appendFrame(nil, 0, []byte("the last message")))
	if _, err := io.Copy(io.Discard, c); err != nil {
		t.Fatal(err)
	}
	<-c.Done()
	if s := p.snapshot(); s.Sent != 1 || s.Dropped != 0 || s.Queued != 0 || s.Peers != 0 {
		t.Errorf("stats %+v", s)
	}
}
