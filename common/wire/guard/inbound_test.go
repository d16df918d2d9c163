package guard

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-zeromq/zmq4"
)

// An arrival is what a relay got of a peer: a message, or why there are no more.
type arrival struct {
	kind   zmq4.SocketType
	frames string
	err    error
}

func listenInbound(t *testing.T, o Options, within time.Duration, room func(int) error) (address string, got chan arrival) {
	t.Helper()
	got = make(chan arrival, 1000)
	o.Type = zmq4.Sub
	o.Inbound = func(_ context.Context, x *Exchange) {
		for {
			frames, err := x.NextSent(within, room)
			got <- arrival{x.Kind(), string(bytes.Join(frames, []byte("|"))), err}
			if err != nil {
				return
			}
		}
	}
	l, err := Listen(t.Context(), []string{"tcp://127.0.0.1:0"}, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return strings.TrimPrefix(l.Endpoints()[0], "tcp://"), got
}

func free(int) error { return nil }

// TestInbound: a PUB is subscribed to, a PUSH is not; both are read, PINGs among the
// frames or alone are answered, and others are refused.
func TestInbound(t *testing.T) {
	address, got := listenInbound(t, Options{}, patience, free)
	for kind, as := range map[zmq4.SocketType]zmq4.SocketType{zmq4.Pub: zmq4.Sub, zmq4.XPub: zmq4.Sub, zmq4.Push: zmq4.Pull} {
		p := connect(t, address)
		p.send(greeting(kind), ready(kind))
		p.r.Discard(greetingSize)
		h, body := p.frame()
		if own, err := peerType(body, h); own != as || err != nil {
			t.Errorf("to a %s we are a %s, %v", kind, own, err)
		}
		if kind != zmq4.Push {
			if _, body := p.frame(); string(body) != "\x01" {
				t.Errorf("a %s is sent %q", kind, body)
			}
		}
		p.send(command("PING", "\x00\x00x"))
		if h, body := p.frame(); !h.command() || !strings.HasPrefix(string(body), "\x04PONG") {
			t.Errorf("a PING is answered with %q", body)
		}
		p.send(AppendFrame(nil, true, []byte("topic")), command("PING", "\x00\x00x"), AppendFrame(nil, false, []byte("body")))
		if a := <-got; a.kind != kind || a.frames != "topic|body" || a.err != nil {
			t.Errorf("of a %s came %+v", kind, a)
		}
		p.Close()
		if a := <-got; a.err == nil {
			t.Errorf("behind the end came %+v", a)
		}
	}
	for _, kind := range []zmq4.SocketType{zmq4.Sub, zmq4.Req, zmq4.Pair, zmq4.Pull} {
		p := connect(t, address)
		p.send(greeting(kind), ready(kind))
		p.cutOff()
	}
}

// TestInboundBounds: a message that is too large, has too many frames, does not come
// to its end, or for which there is no memory, ends its connection.
func TestInboundBounds(t *testing.T) {
	errFull := errors.New("full")
	room := func(n int) error {
		if n > 50_000 {
			return errFull
		}
		return nil
	}
	// Who sends all of it is no slower than the machine.
	long, gotLong := listenInbound(t, Options{MaxMessage: 100_000}, patience, room)
	short, gotShort := listenInbound(t, Options{MaxMessage: 100_000}, 300*time.Millisecond, room)
	for name, c := range map[string]struct {
		send []byte
		want string
	}{
		"large":   {AppendFrame(nil, false, make([]byte, 100_001)), "too-large"},
		"frames":  {bytes.Repeat(AppendFrame(nil, true, nil), 100), "too-large"},
		"sum":     {bytes.Repeat(AppendFrame(nil, true, make([]byte, 40_000)), 3), ""},
		"slow":    {AppendFrame(nil, true, []byte("topic")), "timeout"},
		"slower":  {AppendFrame(nil, false, []byte("a body that does not come"))[:9], "timeout"},
		"invalid": {[]byte{0xf8, 1, 1}, "bad-frame"},
		"huge":    {[]byte{flagLong, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, "too-large"},
	} {
		t.Run(name, func(t *testing.T) {
			address, got := long, gotLong
			if c.want == "timeout" {
				address, got = short, gotShort
			}
			p := connect(t, address)
			p.join(zmq4.Push)
			p.Write(c.send) // it may be cut before the end
			a := <-got
			var timeout interface{ Timeout() bool }
			switch {
			case name == "sum":
				if !errors.Is(a.err, errFull) {
					t.Errorf("ended with %v", a.err)
				}
			case c.want == "timeout":
				if !errors.As(a.err, &timeout) || !timeout.Timeout() {
					t.Errorf("ended with %v", a.err)
				}
			case Reason(a.err) != c.want:
				t.Errorf("ended with %v", a.err)
			}
			p.cutOff()
		})
	}
	p := connect(t, short) // who is quiet between messages stays
	p.join(zmq4.Push)
	time.Sleep(600 * time.Millisecond) // longer than a message may take: time must pass
	p.send(AppendFrame(nil, false, []byte("late")))
	if a := <-gotShort; a.frames != "late" {
		t.Errorf("a quiet peer: %+v", a)
	}
}
