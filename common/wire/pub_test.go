package wire

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"busbar/fixtures/ports"
)

// patience bounds waits that end at once when all is well.
const patience = 3 * time.Minute // only a failure waits so long

func soon(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// free is an endpoint that stays ours while nobody listens there.
func free(t testing.TB) string {
	t.Helper()
	address, err := ports.Address()
	if err != nil {
		t.Fatal(err)
	}
	return "tcp://" + address
}

func listen(t testing.TB, o PubOptions) *Pub {
	t.Helper()
	if o.Endpoints == nil {
		o.Endpoints = []string{free(t)}
	}
	p, err := Listen(soon(t), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func subscribe(t testing.TB, o SubOptions) *Sub {
	t.Helper()
	s, err := Subscribe(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func send(t testing.TB, p *Pub, topic string, body []byte) {
	t.Helper()
	if err := p.Send(topic, body); err != nil {
		t.Fatal(err)
	}
}

// number reads the count that a test put at the start of a body.
func number(t testing.TB, f Frame) int {
	t.Helper()
	if f.Err != nil || len(f.Body) < 8 {
		t.Fatalf("frame %+v", f)
	}
	return int(binary.BigEndian.Uint64(f.Body))
}

func numbered(n, size int) []byte {
	b := make([]byte, max(8, size))
	binary.BigEndian.PutUint64(b, uint64(n))
	return b
}

// expect takes the messages from first to last, in order and without a gap.
func expect(t testing.TB, s *Sub, first, last int) {
	t.Helper()
	ctx := soon(t)
	for want := first; want <= last; want++ {
		f, err := s.Next(ctx)
		if err != nil {
			t.Fatalf("message %d: %v", want, err)
		}
		if got := number(t, f); got != want {
			t.Fatalf("message %d came where %d was due", got, want)
		}
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

func TestListenTakenPort(t *testing.T) {
	p := listen(t, PubOptions{})
	_, err := Listen(soon(t), PubOptions{Endpoints: p.Endpoints()})
	if err == nil {
		t.Fatal("a taken port was bound twice")
	}
	for _, part := range []string{p.Endpoints()[0], "address already in use", "ss -ltnp"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the error %q does not say %q", err, part)
		}
	}
}

func TestListenBadEndpoints(t *testing.T) {
	for _, e := range []string{"", "127.0.0.1:1", "ipc:///run/x", "tcp://host", "tcp://::1:5", "tcp://127.0.0.1:70000", "tcp://a,b:1"} {
		if p, err := Listen(soon(t), PubOptions{Endpoints: []string{e}}); err == nil {
			p.Close()
			t.Errorf("%q was bound", e)
		}
		if s, err := Subscribe(soon(t), SubOptions{Endpoints: []string{e}}); err == nil {
			s.Close()
			t.Errorf("%q was subscribed to", e)
		}
	}
	for _, e := range []string{"tcp://*:5", "tcp://127.0.0.1:0"} {
		if s, err := Subscribe(soon(t), SubOptions{Endpoints: []string{e}}); err == nil {
			s.Close()
			t.Errorf("%q was subscribed to", e)
		}
	}
}

func TestSeveralEndpointsOneSocket(t *testing.T) {
	p := listen(t, PubOptions{Endpoints: []string{"tcp://*:0", "tcp://127.0.0.1:0"}})
	for _, e := range p.Endpoints() {
		s := subscribe(t, SubOptions{Endpoints: []string{strings.Replace(e, "*", "127.0.0.1", 1)}, Topics: []string{e}})
		if err := p.WaitSubscriber(soon(t), e); err != nil {
			t.Fatal(err)
		}
		send(t, p, e, numbered(1, 0))
		expect(t, s, 1, 1)
	}
}

func TestIPv6(t *testing.T) {
	probe, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skip("this machine has no IPv6 loopback")
	}
	probe.Close()
	p := listen(t, PubOptions{Endpoints: []string{"tcp://[::1]:0"}})
	s := subscribe(t, SubOptions{Endpoints: p.Endpoints()})
	if err := p.WaitSubscriber(soon(t), "a"); err != nil {
		t.Fatal(err)
	}
	send(t, p, "a", numbered(1, 0))
	expect(t, s, 1, 1)
}

func TestSendRefuses(t *testing.T) {
	p := listen(t, PubOptions{})
	if err := p.Send("", nil); err == nil {
		t.Error("an empty topic was sent")
	}
	if err := p.Send("\xff\x00guard-mark\x00", nil); err == nil {
		t.Error("a topic that is not UTF-8 was sent")
	}
	if err := p.Send("a", make([]byte, 17<<20)); err == nil {
		t.Error("a message that no subscriber takes was sent")
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if err := p.Send("a", nil); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	if err := p.Close(); err != nil {
		t.Errorf("a second Close: %v", err)
	}
}

func TestSendFromManyGoroutines(t *testing.T) {
	p := listen(t, PubOptions{})
	s := subscribe(t, SubOptions{Endpoints: p.Endpoints()})
	if err := p.WaitSubscriber(soon(t), "a"); err != nil {
		t.Fatal(err)
	}
	const each, senders = 500, 8
	var failed atomic.Int64
	for range senders {
		go func() {
			for i := range each {
				if p.Send("a", numbered(i, 100)) != nil {
					failed.Add(1)
				}
			}
		}()
	}
	ctx := soon(t)
	for i := range each * senders {
		if f, err := s.Next(ctx); err != nil || f.Err != nil {
			t.Fatalf("message %d: %v %v", i, err, f.Err)
		}
	}
	if failed.Load() > 0 {
		t.Errorf("%d sends failed", failed.Load())
	}
	eventually(t, "the counts agree", func() bool {
		stats := p.Stats()
		return stats.Published == each*senders && stats.Sent == each*senders && stats.Dropped == 0
	})
}
