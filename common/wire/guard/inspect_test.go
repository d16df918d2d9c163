package guard

import (
	"context"
	"io"
	"net"
	"testing"
	"time"

	"github.com/go-zeromq/zmq4"
)

// TestInspect: what a peer says of itself is there, whether it fits or not.
func TestInspect(t *testing.T) {
	_, both := newTestPub(t, Options{Exchange: echo})
	_, pub := newTestPub(t, Options{})
	for _, c := range []struct {
		name, address string
		as            zmq4.SocketType
		want          Peer
		fits          bool
	}{
		{"a subscriber", both, zmq4.Sub, Peer{"3.1", zmq4.Pub}, true},
		{"who asks", both, zmq4.Dealer, Peer{"3.1", zmq4.Router}, true},
		{"who asks a mere publisher", pub, zmq4.Dealer, Peer{"3.1", zmq4.Pub}, false},
		{"a peer of ZMTP 2, which says no more before it knows us", says(t, append(greeting(zmq4.Pub)[:10], 1, 1)), zmq4.Sub, Peer{Version: "2.0"}, false},
		{"no ZMTP at all", says(t, []byte("HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n\r\nthis is a web server")), zmq4.Sub, Peer{}, false},
		{"a socket of a long name", says(t, append(greeting(zmq4.Pub), ready("a socket of a long name")...)), zmq4.Sub, Peer{"3.1", "a socket of a lo"}, false},
		{"who says nothing", says(t, nil), zmq4.Sub, Peer{}, false},
	} {
		o := Options{Handshake: patience}
		if c.want.Socket == "" { // it says no more
			o.Handshake = 3 * time.Second
		}
		got, err := Inspect(context.Background(), "tcp://"+c.address, c.as, o)
		if got != c.want || (err == nil) != c.fits {
			t.Errorf("%s: %+v, %v; want %+v, fits: %v", c.name, got, err, c.want, c.fits)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Inspect(ctx, "tcp://"+both, zmq4.Sub, Options{}); err == nil {
		t.Error("it goes on after its time")
	}
}

// says is the address of a peer that says this and then waits.
func says(t *testing.T, text []byte) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				conn.Write(text)
				io.Copy(io.Discard, conn)
			}()
		}
	}()
	return l.Addr().String()
}
