package guard

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-zeromq/zmq4"

	"busbar/fixtures/ports"
)

// A script is a listener whose Accept first fails as told.
type script struct {
	net.Listener
	mu   sync.Mutex
	errs []error
}

func (s *script) Accept() (net.Conn, error) {
	s.mu.Lock()
	if len(s.errs) > 0 {
		err := s.errs[0]
		s.errs = s.errs[1:]
		s.mu.Unlock()
		return nil, &net.OpError{Op: "accept", Net: "tcp", Err: err}
	}
	s.mu.Unlock()
	return s.Listener.Accept()
}

func scripted(t *testing.T, errs ...error) (*Listener, string) {
	t.Helper()
	l, err := Listen(context.Background(), nil, Options{Type: zmq4.Pub})
	if err != nil {
		t.Fatal(err)
	}
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &script{Listener: tcp, errs: errs}
	l.tcp = append(l.tcp, s)
	l.wg.Go(func() { l.serve(Endpoint{Host: "127.0.0.1"}, s) })
	t.Cleanup(func() { l.Close() })
	return l, tcp.Addr().String()
}

// TestZ16_AcceptBacksOff: no more descriptors is a passing trouble.
func TestZ16_AcceptBacksOff(t *testing.T) {
	l, address := scripted(t, syscall.EMFILE, syscall.ENFILE, syscall.ECONNABORTED, syscall.EMFILE)
	p, err := NewPub(l)
	if err != nil {
		t.Fatal(err)
	}
	works(t, p, address)
	if s := l.Stats(); s.Rejects["accept"] != 4 {
		t.Errorf("stats %+v", s)
	}
	p.Close(0)
}

// TestDeadListener: a socket that accepts no more is an error to be seen.
func TestDeadListener(t *testing.T) {
	l, _ := scripted(t, syscall.EMFILE, syscall.EBADF)
	select {
	case err := <-l.Failed():
		if !errors.Is(err, syscall.EBADF) || !strings.Contains(err.Error(), "tcp://127.0.0.1") {
			t.Errorf("failed with %v", err)
		}
	case <-time.After(patience):
		t.Fatal("nobody was told")
	}
}

// TestZ16_PortIsFree: closing frees every port at once, for the next process.
func TestZ16_PortIsFree(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var endpoints []string
	for range 2 { // which nobody else takes between two rounds
		address, err := ports.Address()
		if err != nil {
			t.Fatal(err)
		}
		endpoints = append(endpoints, "tcp://"+address)
	}
	for range 20 {
		l, err := Listen(ctx, endpoints, Options{Type: zmq4.Pub})
		if err != nil {
			t.Fatal(err)
		}
		p, err := NewPub(l)
		if err != nil {
			t.Fatal(err)
		}
		connect(t, strings.TrimPrefix(endpoints[1], "tcp://")).join(zmq4.Sub)
		if err := p.Close(0); err != nil {
			t.Fatal(err)
		}
	}
}

// TestListenAllOrNothing: a failure leaves no port bound.
func TestListenAllOrNothing(t *testing.T) {
	held, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free, err := ports.Address()
	if err != nil {
		t.Fatal(err)
	}
	first := "tcp://" + free
	if _, err := Listen(context.Background(), []string{first, "tcp://" + held.Addr().String()}, Options{Type: zmq4.Pub}); err == nil {
		t.Fatal("a taken port was bound")
	}
	held.Close()
	l, err := Listen(context.Background(), []string{first}, Options{Type: zmq4.Pub})
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
}

func TestMaxPeers(t *testing.T) {
	p, address := newTestPub(t, Options{MaxPeers: 2})
	a, b := connect(t, address), connect(t, address)
	a.join(zmq4.Sub)
	b.join(zmq4.Sub)
	for _, peer := range []*raw{a, b} { // one that does not could be put out
		topic := "place." + peer.LocalAddr().String()
		peer.send(appendFrame(nil, 0, []byte("\x01"+topic)))
		waitFor(t, p, topic)
	}
	connect(t, address).cutOff()
	eventually(t, "the third is refused", func() bool { return p.Stats().Rejects["too-many-peers"] == 1 })
	a.Close()
	eventually(t, "a place is free", func() bool { return p.Stats().Peers == 1 })
	works(t, p, address)
}

// TestZ15_StatsAndLog: what happens to connections can be seen.
func TestZ15_StatsAndLog(t *testing.T) {
	var mu sync.Mutex
	var text bytes.Buffer
	locked := writerFunc(func(b []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		return text.Write(b)
	})
	p, address := newTestPub(t, Options{Log: slog.New(slog.NewTextHandler(locked, nil))})
	for range 50 {
		peer := connect(t, address)
		peer.send([]byte(strings.Repeat("x", greetingSize)))
		peer.cutOff()
	}
	works(t, p, address)
	eventually(t, "all is counted", func() bool {
		s := p.Stats()
		return s.Rejects["greeting"] == 50 && s.Connects == 1 && s.Peers == 1 && s.Sent == 1 && s.Dropped == 0
	})
	mu.Lock()
	defer mu.Unlock()
	if n := strings.Count(text.String(), "peer refused"); n < 1 || n > 10 {
		t.Errorf("a flood of 50 made %d lines", n)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

// A counted connection counts writes.
type counted struct {
	net.Conn
	writes, bytes int
}

func (c *counted) SetWriteDeadline(time.Time) error { return nil }
func (c *counted) Write(b []byte) (int, error) {
	c.writes++
	c.bytes += len(b)
	return len(b), nil
}

// TestZ18_WritesAreBatched: what waits goes out in few writes.
func TestZ18_WritesAreBatched(t *testing.T) {
	p, err := newPeers(Options{Type: zmq4.Pub})
	if err != nil {
		t.Fatal(err)
	}
	q := newQueue(p, "")
	message := appendFrame(appendFrame(nil, flagMore, []byte("topic")), 0, make([]byte, 200))
	for range 1000 {
		q.put(message)
	}
	q.finish(time.Now().Add(patience))
	var c counted
	if err := q.run(&c); err != nil {
		t.Fatal(err)
	}
	if want := 1000 * len(message); c.bytes != want || c.writes > want/chunkSize+1 {
		t.Errorf("%d bytes of %d in %d writes", c.bytes, want, c.writes)
	}
	if s := p.snapshot(); s.Sent != 1000 || s.Queued != 0 {
		t.Errorf("stats %+v", s)
	}
}
