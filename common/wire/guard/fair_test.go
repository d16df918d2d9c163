package guard

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/go-zeromq/zmq4"
)

// from connects from one of loopback's addresses, 127.0.0.2 and on.
func from(t testing.TB, n int, address string) *raw {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, byte(n/200), byte(2+n%200))}, Timeout: patience}
	conn, err := d.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	return &raw{t: t, Conn: conn, r: bufio.NewReader(conn)}
}

// TestHostileFirstComers fills all places from one address or from many, with
// peers that never speak, never subscribe, or subscribe to what nobody says. An
// honest one still gets in, stays, and gets its messages; so does one that was
// there before.
func TestHostileFirstComers(t *testing.T) {
	const places = 300
	speechless := func(*raw) {}
	greets := func(p *raw) { p.send(greeting(zmq4.Sub)) }
	joins := func(p *raw) { p.join(zmq4.Sub) }
	subscribes := func(p *raw) {
		p.join(zmq4.Sub)
		p.send(appendFrame(nil, 0, []byte("\x01nobody says this")))
	}
	for _, c := range []struct {
		what      string
		do        func(*raw)
		addresses int
	}{
		{"speechless from one address", speechless, 1},
		{"speechless from many", speechless, 100},
		{"half a handshake from many", greets, 100},
		{"never subscribing, from the honest one's own address", joins, 0},
		{"never subscribing, from one", joins, 1},
		{"never subscribing, from as many as there are places", joins, places},
		{"subscribing from one", subscribes, 1},
		{"subscribing from many", subscribes, 100},
	} {
		t.Run(c.what, func(t *testing.T) {
			p, address := newTestPub(t, Options{MaxPeers: places, Handshake: patience})
			before := connect(t, address)
			before.join(zmq4.Sub)
			before.send(appendFrame(nil, 0, []byte("\x01before")))
			waitFor(t, p, "before")
			for i := range places + 20 {
				var peer *raw
				if c.addresses == 0 {
					peer = connect(t, address)
				} else {
					peer = from(t, i%c.addresses, address)
				}
				if i < places-1 {
					c.do(peer)
				}
			}
			eventually(t, "all places are taken", func() bool { s := p.Stats(); return s.Peers+s.Handshakes >= places })
			// As a subscriber does, it comes again when it was refused.
			eventually(t, "an honest one gets in", func() bool { return honest(t, p, address) })
			delivered(t, p, before, "before")
			eventually(t, "somebody is displaced", func() bool { s := p.Stats(); return s.Rejects["displaced"]+s.Disconnects["displaced"] > 0 })
			eventually(t, "no more than there are places", func() bool { s := p.Stats(); return s.Peers+s.Handshakes <= places })
		})
	}
}

// honest tries once to join, to subscribe and to get a message. It may be refused
// or displaced at any moment.
func honest(t *testing.T, p *Pub, address string) bool {
	const once = 2 * time.Second
	peer := connect(t, address)
	defer peer.Close()
	peer.SetDeadline(time.Now().Add(once))
	if _, err := peer.Write(append(greeting(zmq4.Sub), ready(zmq4.Sub)...)); err != nil {
		return false
	}
	skip := greetingSize + len(ready(zmq4.Pub))
	if _, err := peer.r.Discard(skip); err != nil {
		return false
	}
	topic := "honest." + peer.LocalAddr().String()
	if _, err := peer.Write(appendFrame(nil, 0, []byte("\x01"+topic))); err != nil {
		return false
	}
	ctx, cancel := context.WithTimeout(t.Context(), once)
	defer cancel()
	if err := p.WaitSubscriber(ctx, topic); err != nil {
		return false
	}
	if err := p.Send([]byte(topic), []byte("body")); err != nil {
		t.Fatal(err)
	}
	buf, h, err := readFrame(peer.r, nil, 32<<20)
	return err == nil && string(buf[h.length:]) == topic
}

// TestStalledGoFirst: when those who read nothing have used up the memory of
// all, they are cut off, and one who reads misses nothing more.
func TestStalledGoFirst(t *testing.T) {
	const peers = 8
	p, address := newTestPub(t, Options{QueueBytes: 1 << 20, TotalBytes: 2 << 20, MaxPeers: 64, WriteTimeout: patience})
	for i := range peers {
		peer := from(t, i, address)
		if err := peer.Conn.(*net.TCPConn).SetReadBuffer(4 << 10); err != nil {
			t.Fatal(err)
		}
		peer.join(zmq4.Sub)
		topic := fmt.Sprint("\x01all")
		peer.send(appendFrame(nil, 0, []byte(topic)), appendFrame(nil, 0, []byte(fmt.Sprint("\x01joined", i))))
		waitFor(t, p, fmt.Sprint("joined", i))
	}
	body := make([]byte, 30<<10)
	eventually(t, "the stalled are cut off", func() bool {
		if err := p.Send([]byte("all"), body); err != nil {
			t.Fatal(err)
		}
		return p.Stats().Disconnects["displaced"] > 0
	})
	works(t, p, address)
	if s := p.Stats(); s.Queued > 2<<20+64*(2<<20/64) {
		t.Errorf("%d bytes wait", s.Queued)
	}
}
