package guard

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-zeromq/zmq4"
)

// echo answers each message with itself and the peer's kind.
func echo(_ context.Context, x *Exchange) {
	for {
		frames, err := x.Next()
		if err != nil {
			return
		}
		var b []byte
		for _, f := range frames {
			b = AppendFrame(b, true, f)
		}
		if x.Write(AppendFrame(b, false, []byte(x.Kind()))) != nil {
			return
		}
	}
}

func (p *raw) message() []string {
	p.t.Helper()
	var list []string
	for {
		h, body := p.frame()
		if list = append(list, string(body)); !h.more() {
			return list
		}
	}
}

// TestOnePortAnswersAll: SUB, REQ and DEALER meet the socket that fits each; the
// others are refused, and know by what.
func TestOnePortAnswersAll(t *testing.T) {
	p, address := newTestPub(t, Options{Exchange: echo})
	works(t, p, address)
	for kind, as := range map[zmq4.SocketType]zmq4.SocketType{zmq4.Req: zmq4.Rep, zmq4.Dealer: zmq4.Router, zmq4.Push: zmq4.Pub, zmq4.Pair: zmq4.Pub} {
		peer := connect(t, address)
		peer.send(greeting(kind), ready(kind))
		if _, err := io.ReadFull(peer.r, make([]byte, greetingSize)); err != nil {
			t.Fatal(err)
		}
		h, body := peer.frame()
		if own, err := peerType(body, h); own != as || err != nil {
			t.Errorf("to a %s we are a %s, %v; want %s", kind, own, err, as)
		}
		if as == zmq4.Pub {
			peer.cutOff()
			continue
		}
		peer.send(AppendFrame(AppendFrame(nil, true, nil), false, []byte("a question")))
		if got := peer.message(); !slices.Equal(got, []string{"", "a question", string(kind)}) {
			t.Errorf("answered with %q", got)
		}
		peer.send(command("PING", "\x00\x01ctx"))
		if h, body := peer.frame(); !h.command() || string(body) != "\x04PONGctx" {
			t.Errorf("PING is answered with %q", body)
		}
	}
	// A peer sees its end before that is counted.
	eventually(t, "two are refused", func() bool { return p.Stats().Rejects["socket-type"] == 2 })
	if s := p.Stats(); s.Peers != 1 {
		t.Errorf("who asks is no subscriber: %+v", s)
	}
	works(t, p, address)
}

// TestRequestsAreBounded: what is too much ends one connection and nothing else.
func TestRequestsAreBounded(t *testing.T) {
	p, address := newTestPub(t, Options{Exchange: echo})
	many := bytes.Repeat(AppendFrame(nil, true, nil), maxParts+1)
	for name, bad := range map[string][]byte{
		"a long frame":             {flagLong, 0, 0, 0, 0, 0xff, 0, 0, 0},
		"endless frames":           many,
		"large in sum":             bytes.Repeat(AppendFrame(nil, true, make([]byte, 32<<10)), 3),
		"reserved bits":            {0xf8, 0},
		"an empty command":         {flagCommand, 0},
		"a PING without its parts": command("PING", ""),
		"an error":                 command("ERROR", "\x01x"),
	} {
		t.Run(name, func(t *testing.T) {
			peer := connect(t, address)
			peer.join(zmq4.Req)
			peer.Write(bad)
			peer.cutOff()
		})
	}
	works(t, p, address)
}

// TestExchangeEndsWithTheListener: and what waits in it.
func TestExchangeEndsWithTheListener(t *testing.T) {
	p, address := newTestPub(t, Options{Exchange: echo})
	peer := connect(t, address)
	peer.join(zmq4.Dealer)
	done := make(chan error, 1)
	go func() { done <- p.Close(patience) }()
	peer.cutOff()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestWhoTakesNothing is cut off when its time is over.
func TestWhoTakesNothing(t *testing.T) {
	ended := make(chan error, 1)
	_, address := newTestPub(t, Options{WriteTimeout: 50 * time.Millisecond, Exchange: func(_ context.Context, x *Exchange) {
		for {
			if err := x.Write(AppendFrame(nil, false, make([]byte, 1<<20))); err != nil {
				ended <- err
				return
			}
		}
	}})
	peer := connect(t, address)
	peer.join(zmq4.Dealer)
	select {
	case err := <-ended:
		if Reason(err) != "write-timeout" {
			t.Errorf("ended by %v", err)
		}
	case <-time.After(patience):
		t.Fatal("it is written to for ever")
	}
}

func TestDialExchange(t *testing.T) {
	_, address := newTestPub(t, Options{Exchange: echo})
	x, err := DialExchange(t.Context(), "tcp://"+address, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	if err := x.Write(AppendFrame(nil, false, []byte("hello"))); err != nil {
		t.Fatal(err)
	}
	if got, err := x.Next(); err != nil || len(got) != 2 || string(got[0]) != "hello" || string(got[1]) != "DEALER" {
		t.Errorf("%q, %v", got, err)
	}
	if err := x.Until(time.Now()); err != nil {
		t.Fatal(err)
	}
	var timeout net.Error
	if _, err := x.Next(); !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("after its time: %v", err)
	}
}

func TestDialExchangeElsewhere(t *testing.T) {
	_, plain := newTestPub(t, Options{})
	if _, err := DialExchange(t.Context(), "tcp://"+plain, Options{}); !errors.Is(err, ErrOtherSocket) {
		t.Errorf("a publisher without answers: %v", err)
	}
	l, silent := newTestListener(t)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.Write([]byte("220 mail.example.org ESMTP, and more than a greeting's sixty-four bytes in all\r\n"))
			c.Close()
		}
	}()
	if _, err := DialExchange(t.Context(), silent, Options{}); err == nil || errors.Is(err, ErrOtherSocket) {
		t.Errorf("a mail server: %v", err)
	}
	l.Close()
	if _, err := DialExchange(t.Context(), silent, Options{}); err == nil || !strings.Contains(err.Error(), "nobody listens") {
		t.Errorf("nobody: %v", err)
	}
}

// FuzzExchange reads requests of any bytes: it ends, within its bounds.
func FuzzExchange(f *testing.F) {
	f.Add(AppendFrame(AppendFrame(nil, true, nil), false, []byte(`{"seq_id":1}`)))
	f.Add(append(command("PING", "\x00\x01ctx"), AppendFrame(nil, false, []byte("x"))...))
	f.Add([]byte{flagLong, 0, 0, 0, 0, 0, 0, 0, 2, 'a', 'b'})
	f.Fuzz(func(t *testing.T, raw []byte) {
		here, there := net.Pipe()
		defer here.Close()
		defer there.Close()
		go io.Copy(io.Discard, there)
		x := newExchange(here, bufio.NewReader(bytes.NewReader(raw)), zmq4.Req, Options{MaxMessage: 1000, WriteTimeout: patience})
		for {
			frames, err := x.Next()
			if err != nil {
				return
			}
			size := 0
			for _, f := range frames {
				size += len(f)
			}
			if len(frames) == 0 || len(frames) > maxParts || size > 1000 {
				t.Fatalf("%d frames of %d bytes", len(frames), size)
			}
		}
	})
}
