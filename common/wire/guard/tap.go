package guard

import (
	"io"
	"net"
	"sync"
	"time"
)

// A tap is a subscriber inside the process that has every topic. zmq4 serves
// it before all others, as it came first, and so shows how far zmq4 has come.
type tap struct {
	pub        *Pub
	in         []byte // the handshake and the subscription, for zmq4 to read
	cut        cutter
	subscribed chan struct{} // closed when the subscription is in force
	done       chan struct{}
	once       sync.Once
}

func (t *tap) Read(p []byte) (int, error) {
	if len(t.in) == 0 {
		close(t.subscribed) // zmq4 asks for more: it has done what it read
		<-t.done
		return 0, io.EOF
	}
	n := copy(p, t.in)
	t.in = t.in[n:]
	return n, nil
}

func (t *tap) Write(p []byte) (int, error) {
	t.cut.feed(p, t.pub.passed)
	return len(p), nil
}

func (t *tap) Close() error {
	t.once.Do(func() { close(t.done) })
	return nil
}

func (t *tap) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (t *tap) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (t *tap) SetDeadline(time.Time) error      { return nil }
func (t *tap) SetReadDeadline(time.Time) error  { return nil }
func (t *tap) SetWriteDeadline(time.Time) error { return nil }
