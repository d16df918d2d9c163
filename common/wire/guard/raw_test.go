package guard

import (
	"bufio"
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/go-zeromq/zmq4"
)

const patience = 3 * time.Minute // only a failure waits so long

// newTestPub starts a guarded PUB and gives its address.
func newTestPub(t testing.TB, o Options) (*Pub, string) {
	t.Helper()
	o.Type = zmq4.Pub
	l, err := Listen(context.Background(), []string{"tcp://127.0.0.1:0"}, o)
	if err != nil {
		t.Fatal(err)
	}
	p, err := NewPub(l)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close(0) })
	return p, strings.TrimPrefix(l.Endpoints()[0], "tcp://")
}

// A raw peer writes what it likes.
type raw struct {
	t testing.TB
	net.Conn
	r *bufio.Reader
}

func connect(t testing.TB, address string) *raw {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	return &raw{t: t, Conn: conn, r: bufio.NewReader(conn)}
}

func (p *raw) send(b ...[]byte) {
	p.t.Helper()
	for _, b := range b {
		if _, err := p.Write(b); err != nil {
			p.t.Fatal(err)
		}
	}
}

// join shakes hands as a socket of the given type.
func (p *raw) join(kind zmq4.SocketType) {
	p.t.Helper()
	p.send(greeting(kind), ready(kind))
	if _, err := io.ReadFull(p.r, make([]byte, greetingSize)); err != nil {
		p.t.Fatal(err)
	}
	p.frame()
}

func (p *raw) frame() (header, []byte) {
	p.t.Helper()
	buf, h, err := readFrame(p.r, nil, 32<<20)
	if err != nil {
		p.t.Fatal(err)
	}
	return h, buf[h.length:]
}

// cutOff waits for the other side to end the connection.
func (p *raw) cutOff() {
	p.t.Helper()
	if _, err := io.Copy(io.Discard, p.r); err != nil && strings.Contains(err.Error(), "timeout") {
		p.t.Fatal("the connection stays open")
	}
}

func command(name string, data string) []byte {
	return appendFrame(nil, flagCommand, append(append([]byte{byte(len(name))}, name...), data...))
}

// works checks that a newcomer subscribes and receives.
func works(t testing.TB, p *Pub, address string) {
	t.Helper()
	peer := connect(t, address)
	peer.join(zmq4.Sub)
	topic := "works." + peer.LocalAddr().String()
	peer.send(appendFrame(nil, 0, []byte("\x01"+topic)))
	delivered(t, p, peer, topic)
}

func delivered(t testing.TB, p *Pub, peer *raw, topic string) {
	t.Helper()
	waitFor(t, p, topic)
	if err := p.Send([]byte(topic), []byte("body")); err != nil {
		t.Fatal(err)
	}
	if _, body := peer.frame(); string(body) != topic {
		t.Fatalf("received %q, not %q", body, topic)
	}
	if _, body := peer.frame(); string(body) != "body" {
		t.Fatalf("received %q", body)
	}
}

func waitFor(t testing.TB, p *Pub, topic string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := p.WaitSubscriber(ctx, topic); err != nil {
		t.Fatal(err)
	}
}

func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !is(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

// newTestListener listens as a publisher that a test writes by hand.
func newTestListener(t testing.TB) (net.Listener, string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l, "tcp://" + l.Addr().String()
}
