package guard

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/go-zeromq/zmq4"
)

// window is how many bytes may be between Send and the peers' queues: zmq4
// keeps them in a list without a limit of its own.
const window = 4 << 20

// mark begins the first frame of a message that only the guard sees: it
// follows what was sent before it through zmq4's one list, and so tells that
// all of it has reached the peers' queues. No UTF-8 text begins so.
const mark = "\xff\x00guard-mark\x00"

// isMark tells a mark, header included, from a message of the application.
func isMark(message []byte) bool {
	return len(message) > 2 && message[0] == 0 && bytes.HasPrefix(message[2:], []byte(mark))
}

// A Pub is a zmq4 PUB socket on a guarded listener, with what zmq4's own
// lacks: a bounded way in, and a Close that loses nothing it need not lose.
type Pub struct {
	socket   zmq4.Socket
	listener *Listener

	mu     sync.Mutex
	moved  sync.Cond
	under  int // bytes between Send and the queues
	marks  uint64
	seen   uint64
	closed bool
}

// NewPub puts a zmq4 PUB socket on l and takes l over.
func NewPub(l *Listener) (*Pub, error) {
	p := &Pub{listener: l}
	p.moved.L = &p.mu
	socket, err := Serve(l, zmq4.NewPub)
	if err != nil {
		l.Close()
		return nil, err
	}
	p.socket = socket
	t := &tap{pub: p, in: append(append(greeting(zmq4.Sub), ready(zmq4.Sub)...), 0, 1, 1), subscribed: make(chan struct{}), done: make(chan struct{})}
	select {
	case l.ready <- t:
		<-t.subscribed
	case <-l.done:
		socket.Close()
		return nil, errClosed
	}
	return p, nil
}

// Send gives a message to every peer that subscribed to the beginning of its
// first frame. It may wait for zmq4 to sort what was sent before, and never
// for a peer. The frames must not be changed afterwards.
func (p *Pub) Send(frames ...[]byte) error {
	size := cost(frames)
	p.mu.Lock()
	for p.under > 0 && p.under+size > window && !p.closed {
		p.moved.Wait()
	}
	if p.closed {
		p.mu.Unlock()
		return net.ErrClosed
	}
	p.under += size
	p.mu.Unlock()
	return p.socket.SendMulti(zmq4.NewMsgFrom(frames...))
}

func cost(frames [][]byte) int {
	n := 64
	for _, f := range frames {
		n += len(f)
	}
	return n
}

// Behind is the most bytes that wait for one peer, of those whose queue moved
// within still, with those that are on their way to the queues.
func (p *Pub) Behind(still time.Duration) int {
	p.mu.Lock()
	under := p.under
	p.mu.Unlock()
	return p.listener.peers.behind(still, under)
}

// Stats is a snapshot.
func (p *Pub) Stats() Stats { return p.listener.Stats() }

// WaitSubscriber returns once a message with this topic would go to somebody.
func (p *Pub) WaitSubscriber(ctx context.Context, topic string) error {
	return p.listener.peers.waitSubscriber(ctx, topic)
}

// Subscribed is closed when the next subscription comes into force.
func (p *Pub) Subscribed() <-chan struct{} {
	p.listener.peers.mu.Lock()
	defer p.listener.peers.mu.Unlock()
	return p.listener.peers.changed
}

// Close stops listening, lets everything sent before be written until linger
// is over, and ends all connections. What could not be written is in
// Stats().Dropped.
func (p *Pub) Close(linger time.Duration) error {
	deadline := time.Now().Add(linger)
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil
	}
	p.closed = true
	p.marks++
	number := p.marks
	p.moved.Broadcast()
	p.mu.Unlock()
	p.listener.quit()
	err := p.socket.SendMulti(zmq4.NewMsg(binary.BigEndian.AppendUint64([]byte(mark), number)))
	if err == nil {
		p.await(number)
	}
	p.listener.linger(deadline)
	if closeErr := p.socket.Close(); err == nil && closeErr != nil {
		err = fmt.Errorf("closing the socket: %w", closeErr)
	}
	return err
}

// await returns when a mark has passed. No network is between, so it needs
// no deadline.
func (p *Pub) await(number uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.seen < number {
		p.moved.Wait()
	}
}

// passed is called by the tap with every message that zmq4 sends.
func (p *Pub) passed(message []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if isMark(message) {
		p.seen = binary.BigEndian.Uint64(message[2+len(mark):])
	} else {
		p.under -= costOf(message)
	}
	p.moved.Broadcast()
}

// costOf is cost, of a message in the form of the wire.
func costOf(message []byte) int {
	n := 64
	for {
		h, ok := parseHeader(message)
		if !ok {
			return n
		}
		n += int(h.size)
		message = message[h.length+int(h.size):]
	}
}
