package wire

import (
	"context"
	"errors"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"busbar/fixtures/cases"
)

// stall subscribes and then never reads.
func stall(t testing.TB, endpoint string) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(endpoint, "tcp://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.(*net.TCPConn).SetReadBuffer(4 << 10)
	greeting := "\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x03\x00NULL" + strings.Repeat("\x00", 48)
	ready := "\x04\x19\x05READY\x0bSocket-Type\x00\x00\x00\x03SUB"
	if _, err := conn.Write([]byte(greeting + ready + "\x00\x01\x01")); err != nil {
		t.Fatal(err)
	}
}

// TestZ5_StalledSubscriber: one subscriber stops reading, another gets all.
// TestZ6: and the publisher's memory stays bounded.
func TestZ5_StalledSubscriber(t *testing.T) {
	count := cases.Of(10_000, 50_000)
	p := listen(t, PubOptions{QueueBytes: 2 << 20, WriteTimeout: patience, Linger: -1})
	stall(t, p.Endpoints()[0])
	if err := p.WaitSubscriber(soon(t), "anything"); err != nil {
		t.Fatal(err)
	}
	s := subscribe(t, SubOptions{Endpoints: p.Endpoints(), Topics: []string{"org.example"}})
	if err := p.WaitSubscriber(soon(t), "org.example"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "both are there", func() bool { return p.Stats().Subscribers == 2 })
	// The stalled one matches as well: wait until the healthy one surely does.
	greet(t, p, s, "org.example")

	const window = 500 // sent and not yet received; far less than a queue
	received := make(chan struct{}, window)
	result := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
		defer cancel()
		for want := 0; want < count; {
			f, err := s.Next(ctx)
			if err != nil {
				result <- err
				return
			}
			if string(f.Body) == "hello" {
				continue
			}
			if got := number(t, f); got != want {
				result <- errors.New("a message is missing")
				return
			}
			want++
			<-received
		}
		result <- nil
	}()
	for i := range count {
		received <- struct{}{}
		send(t, p, "org.example.n", numbered(i, 2000))
	}
	if err := <-result; err != nil {
		t.Fatal(err)
	}
	stats := p.Stats()
	if stats.Dropped == 0 || stats.QueuedBytes > 3<<20 {
		t.Errorf("stats %+v", stats)
	}
	t.Run("Z6_MemoryIsBounded", func(t *testing.T) {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		t.Logf("%d messages of 2,000 bytes sent past a stalled subscriber: %d KiB in use", count, m.HeapAlloc>>10)
		if m.HeapAlloc > 32<<20 {
			t.Errorf("%d bytes in use after a stalled subscriber", m.HeapAlloc)
		}
	})
}

// greet sends until the subscriber hears, and leaves later greetings to it.
func greet(t testing.TB, p *Pub, s *Sub, topic string) {
	t.Helper()
	eventually(t, "the subscriber hears", func() bool {
		send(t, p, topic, []byte("hello"))
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		_, err := s.Next(ctx)
		return err == nil
	})
}

// TestZ9_LongOutage: an absent publisher is dialled until it is there, and
// again after it was away.
func TestZ9_LongOutage(t *testing.T) {
	p := listen(t, PubOptions{})
	endpoints := p.Endpoints()
	p.Close()
	s := subscribe(t, SubOptions{Endpoints: endpoints})
	for range 2 {
		time.Sleep(time.Second) // several dials fail
		if s.Connected()[endpoints[0]] {
			t.Error("connected to nobody")
		}
		p := listen(t, PubOptions{Endpoints: endpoints})
		if err := p.WaitSubscriber(soon(t), "a"); err != nil {
			t.Fatal(err)
		}
		eventually(t, "connected", func() bool { return s.Connected()[endpoints[0]] })
		for i := range 50 {
			send(t, p, "a", numbered(i, 0))
		}
		expect(t, s, 0, 49)
		p.Close()
		eventually(t, "disconnected", func() bool { return !s.Connected()[endpoints[0]] })
	}
}

// TestZ10_EachEndpointOnce: A restarts, and then A and B are received once each.
func TestZ10_EachEndpointOnce(t *testing.T) {
	a, b := listen(t, PubOptions{}), listen(t, PubOptions{})
	endpoints := append(a.Endpoints(), b.Endpoints()...)
	s := subscribe(t, SubOptions{Endpoints: append(endpoints, endpoints...)})
	if err := a.WaitSubscriber(soon(t), "a"); err != nil {
		t.Fatal(err)
	}
	a.Close()
	a = listen(t, PubOptions{Endpoints: endpoints[:1]})
	for _, p := range []*Pub{a, b} {
		if err := p.WaitSubscriber(soon(t), "a"); err != nil {
			t.Fatal(err)
		}
		for i := range 50 {
			send(t, p, "a", numbered(i, 0))
		}
	}
	next := map[string]int{}
	for range 100 {
		f, err := s.Next(soon(t))
		if err != nil {
			t.Fatal(err)
		}
		if got := number(t, f); got != next[f.Endpoint] {
			t.Fatalf("%s: message %d where %d was due", f.Endpoint, got, next[f.Endpoint])
		}
		next[f.Endpoint]++
	}
	if next[endpoints[0]] != 50 || next[endpoints[1]] != 50 {
		t.Errorf("received %v", next)
	}
}

// TestZ12_CloseDelivers: what was sent before Close arrives.
func TestZ12_CloseDelivers(t *testing.T) {
	const count = 10_000
	p := listen(t, PubOptions{Linger: patience, QueueBytes: 64 << 20})
	s := subscribe(t, SubOptions{Endpoints: p.Endpoints()})
	if err := p.WaitSubscriber(soon(t), "a"); err != nil {
		t.Fatal(err)
	}
	for i := range count {
		send(t, p, "a", numbered(i, 2000))
	}
	closed := make(chan error, 1)
	go func() { closed <- p.Close() }()
	expect(t, s, 0, count-1)
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if stats := p.Stats(); stats.Sent != count || stats.Dropped != 0 || stats.Subscribers != 0 {
		t.Errorf("stats %+v", stats)
	}
}

// TestCloseCountsWhatIsLeft: a subscriber that never reads costs Close its
// linger, and no more.
func TestCloseCountsWhatIsLeft(t *testing.T) {
	p := listen(t, PubOptions{Linger: 200 * time.Millisecond, QueueBytes: 64 << 20, WriteTimeout: patience})
	stall(t, p.Endpoints()[0])
	if err := p.WaitSubscriber(soon(t), "a"); err != nil {
		t.Fatal(err)
	}
	for i := range 10_000 {
		send(t, p, "a", numbered(i, 2000))
	}
	if err := p.Close(); err == nil || !strings.Contains(err.Error(), "were not written") {
		t.Errorf("closing: %v", err)
	}
	if s := p.Stats(); s.Sent+s.Dropped != 10_000 || s.QueuedBytes != 0 {
		t.Errorf("stats %+v", s)
	}
}

// TestZ17_DialIsBounded: nobody there, a peer that says nothing, the wrong
// peer: each is an error that says so.
func TestZ17_DialIsBounded(t *testing.T) {
	mute, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	gone := listen(t, PubOptions{})
	gone.Close()
	pub := listen(t, PubOptions{})
	for want, endpoint := range map[string]string{
		"nobody listens there": gone.Endpoints()[0],
		"in time":              "tcp://" + mute.Addr().String(),
		`a "PUB" socket`:       pub.Endpoints()[0],
	} {
		within := patience // the others answer, however slow the machine
		if want == "in time" {
			within = 300 * time.Millisecond
		}
		p, err := DialPub(soon(t), endpoint, within)
		if err == nil {
			p.Close()
			t.Errorf("%s: connected", want)
		} else if !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), endpoint) {
			t.Errorf("the error %q does not say %q and %q", err, want, endpoint)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := DialPub(ctx, "tcp://"+mute.Addr().String(), patience); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// TestZ19_WaitSubscriber: the subscriptions can be waited for.
func TestZ19_WaitSubscriber(t *testing.T) {
	p := listen(t, PubOptions{})
	subscribe(t, SubOptions{Endpoints: p.Endpoints(), Topics: []string{"org.example.prod.git"}})
	if err := p.WaitSubscriber(soon(t), "org.example.prod.git.repo.update"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if err := p.WaitSubscriber(ctx, "org.example.prod.gi"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a shorter topic: %v", err)
	}
}

// TestZ21_NoGoroutinesStay: after Close nothing runs on but the one goroutine
// of every zmq4 PUB, which zmq4 has no way to end.
func TestZ21_NoGoroutinesStay(t *testing.T) {
	known := []goleak.Option{
		goleak.IgnoreCurrent(),
		goleak.IgnoreAnyFunction("github.com/go-zeromq/zmq4.(*pubMWriter).run"),
	}
	for range 3 {
		p := listen(t, PubOptions{Linger: -1})
		var subs []*Sub
		for range 5 {
			subs = append(subs, subscribe(t, SubOptions{Endpoints: p.Endpoints()}))
		}
		eventually(t, "all are there", func() bool { return p.Stats().Subscribers == 5 })
		if err := p.WaitSubscriber(soon(t), "a"); err != nil {
			t.Fatal(err)
		}
		for i := range 1000 { // nobody reads: zmq4's channels are full when Close comes
			send(t, p, "a", numbered(i, 100))
		}
		subs[0].Close()
		p.Close()
		for _, s := range subs {
			s.Close()
		}
		if _, err := subs[0].Next(soon(t)); !errors.Is(err, ErrClosed) {
			t.Errorf("Next after Close: %v", err)
		}
	}
	// goleak looks for half a second, which a busy machine's goroutines may need to end.
	var left error
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(left)
		}
	})
	eventually(t, "nothing runs on", func() bool { left = goleak.Find(known...); return left == nil })
}

// TestDialPubPeerGone: the loss of the one peer is an error of the publisher.
func TestDialPubPeerGone(t *testing.T) {
	python := libzmq(t, "bound")
	p, err := DialPub(soon(t), python.line(), patience)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	python.end()
	select {
	case err := <-p.Err():
		if !strings.Contains(err.Error(), p.Endpoints()[0]) {
			t.Errorf("ended by %v", err)
		}
	case <-time.After(patience):
		t.Fatal("nobody was told")
	}
	if err := p.Send("a", nil); err == nil {
		t.Error("sent to nobody")
	}
}
