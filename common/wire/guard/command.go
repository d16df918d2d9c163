package guard

import (
	"github.com/go-zeromq/zmq4"
)

const (
	maxTopics     = 1024    // subscriptions of one peer
	maxTopicBytes = 1 << 20 // of all of them together
	maxPing       = 2 + 16  // a time to live and a context (RFC 37)
)

// A subscription is one change of what a peer wants.
type subscription struct {
	topic  string
	cancel bool
}

// command deals with a command after the handshake. forward means that it
// became a message in c.unread. frames is how many of a message's frames
// came before it.
func (c *Conn) command(body []byte, frames int) (forward bool, err error) {
	name, data, err := parseCommand(body)
	if err != nil {
		return false, err
	}
	switch name {
	case zmq4.CmdPing:
		pong, err := pongTo(data)
		if err != nil {
			return false, err
		}
		if c.queue.putCommand(pong) {
			c.peers.count(&c.peers.stats.Pings, 1)
		}
		return false, nil
	case zmq4.CmdPong:
		return false, nil
	case zmq4.CmdSubscribe, zmq4.CmdCancel:
		if c.peers.o.Type == zmq4.Pub && frames == 0 {
			return c.subscribe(subscription{topic: string(data), cancel: name == zmq4.CmdCancel})
		}
	case zmq4.CmdError:
		return false, faultf("refused", "the peer reports an error: %.100q", data)
	}
	c.peers.count(&c.peers.stats.Ignored, 1)
	return false, nil
}

// pongTo is the answer to a PING's data.
func pongTo(data []byte) ([]byte, error) {
	if len(data) < 2 || len(data) > maxPing {
		return nil, faultf("bad-command", "a PING of %d bytes", len(data))
	}
	pong := append([]byte{4}, zmq4.CmdPong...)
	return appendFrame(nil, flagCommand, append(pong, data[2:]...)), nil
}

// toPub deals with a message to a PUB: 1 or 0 and a topic, in one frame.
// zmq4 would keep ten of any others and then read no more, so they end here.
func (c *Conn) toPub(body []byte, frames int) (forward bool, err error) {
	if frames != 1 || len(body) == 0 || body[0] > 1 {
		c.peers.count(&c.peers.stats.Ignored, 1)
		return false, nil
	}
	return c.subscribe(subscription{topic: string(body[1:]), cancel: body[0] == 0})
}

// subscribe passes a change on to zmq4 in the form that it understands.
func (c *Conn) subscribe(s subscription) (forward bool, err error) {
	_, known := c.topics[s.topic] // only this goroutine writes the map
	if known != s.cancel {
		return false, nil
	}
	if !s.cancel && (len(c.topics) >= maxTopics || c.bytes+len(s.topic) > maxTopicBytes) {
		return false, faultf("too-many-topics", "more than %d subscriptions or %d bytes of them", maxTopics, maxTopicBytes)
	}
	op := byte(1)
	if s.cancel {
		op = 0
	}
	c.pending = &s
	c.buf = appendFrame(c.buf[:0], 0, append([]byte{op}, s.topic...))
	c.unread = c.buf
	return true, nil
}

// inForce is called when zmq4 asks for more, and so has carried out what it
// was given before.
func (c *Conn) inForce() {
	s := c.pending
	if s == nil {
		return
	}
	c.pending = nil
	c.peers.mu.Lock()
	defer c.peers.mu.Unlock()
	if s.cancel {
		delete(c.topics, s.topic)
		c.bytes -= len(s.topic)
		return
	}
	c.topics[s.topic] = struct{}{}
	c.bytes += len(s.topic)
	close(c.peers.changed)
	c.peers.changed = make(chan struct{})
}
