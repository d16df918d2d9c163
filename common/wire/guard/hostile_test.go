package guard

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/go-zeromq/zmq4"
)

// TestZ1_LongFrame sends nine bytes that stop a bare zmq4.
func TestZ1_LongFrame(t *testing.T) {
	p, address := newTestPub(t, Options{})
	for _, size := range []uint64{1 << 20, 1 << 40, 1 << 49, 1<<63 - 1, 1<<64 - 1} {
		peer := connect(t, address)
		peer.join(zmq4.Sub)
		peer.send(long(0, size))
		peer.cutOff()
		early := connect(t, address)
		early.send(greeting(zmq4.Sub), long(flagCommand, size))
		early.cutOff()
	}
	works(t, p, address)
	eventually(t, "all are counted", func() bool {
		s := p.Stats()
		return s.Disconnects["too-large"] == 5 && s.Rejects["too-large"] == 5
	})
}

// TestZ1_LongFrameToSub lets a publisher send them.
func TestZ1_LongFrameToSub(t *testing.T) {
	l, endpoint := newTestListener(t)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		conn.Write(append(append(greeting(zmq4.Pub), ready(zmq4.Pub)...), long(0, 1<<50)...))
	}()
	c, err := Dial(context.Background(), endpoint, Options{Type: zmq4.Sub})
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSub(c, []string{""})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Recv(); err == nil {
		t.Error("received something")
	}
	<-c.Done()
	if got := reasonOf(c.Err()); got != "too-large" {
		t.Errorf("ended by %v", c.Err())
	}
}

func TestZ2_MalformedReady(t *testing.T) {
	p, address := newTestPub(t, Options{})
	all := [][]byte{
		appendFrame(nil, flagCommand, nil),
		appendFrame(nil, flagCommand, []byte{200, 'R'}),
		appendFrame(nil, 0, []byte("\x01topic")),
		command("HELLO", ""),
		command("ERROR", "\x04away"),
	}
	for _, data := range badReadys() {
		all = append(all, command("READY", data))
	}
	for _, bad := range all {
		peer := connect(t, address)
		peer.send(greeting(zmq4.Sub), bad)
		peer.cutOff()
	}
	works(t, p, address)
	eventually(t, "all are counted", func() bool {
		s := p.Stats()
		return s.Rejects["ready"]+s.Rejects["bad-command"]+s.Rejects["refused"] == int64(len(all)) && s.Connects == 1
	})
}

// TestZ3_IdleConnections opens 200 connections that say nothing, and as many
// that stop in the middle of the greeting.
func TestZ3_IdleConnections(t *testing.T) {
	p, address := newTestPub(t, Options{})
	for range 200 {
		connect(t, address)
		connect(t, address).send(greeting(zmq4.Sub)[:11])
	}
	works(t, p, address)
	eventually(t, "the idle ones are refused", func() bool { return p.Stats().Rejects["timeout"] == 400 })
}

func TestZ4_EndlessMessage(t *testing.T) {
	p, address := newTestPub(t, Options{})
	for reason, frame := range map[string][]byte{
		"too-large":       appendFrame(nil, flagMore, make([]byte, 4096)),
		"too-many-frames": appendFrame(nil, flagMore, nil),
	} {
		peer := connect(t, address)
		peer.join(zmq4.Sub)
		for range 2 * maxFrames {
			if _, err := peer.Write(frame); err != nil {
				break // cut off, as it should be
			}
		}
		peer.cutOff()
		eventually(t, reason, func() bool { return p.Stats().Disconnects[reason] == 1 })
	}
	works(t, p, address)
}

func TestZ7_PingIsAnswered(t *testing.T) {
	p, address := newTestPub(t, Options{})
	peer := connect(t, address)
	peer.join(zmq4.Sub)
	for _, echo := range []string{"", "x", "sixteen bytes...."[:16]} {
		peer.send(command("PING", "\x00\x0a"+echo))
		h, body := peer.frame()
		if want := "\x04PONG" + echo; !h.command() || string(body) != want {
			t.Errorf("answered %q, want %q", body, want)
		}
	}
	if n := p.Stats().Pings; n != 3 {
		t.Errorf("counted %d", n)
	}
	for _, bad := range []string{"", "\x00", "\x00\x0aseventeen bytes.."} {
		peer := connect(t, address)
		peer.join(zmq4.Sub)
		peer.send(command("PING", bad))
		peer.cutOff()
	}
	works(t, p, address)
}

// TestZ8_SubscribesAfterNoise sends what fills zmq4's ten places, then
// subscribes in both forms, and unsubscribes.
func TestZ8_SubscribesAfterNoise(t *testing.T) {
	p, address := newTestPub(t, Options{})
	peer := connect(t, address)
	peer.join(zmq4.Sub)
	for i := range 30 {
		peer.send(command("PING", "\x00\x0a"), command("PONG", ""), command("WHATEVER", "x"))
		peer.send(appendFrame(nil, 0, []byte("not a subscription")), appendFrame(nil, 0, nil))
		peer.send(appendFrame(appendFrame(nil, flagMore, []byte("\x01a")), 0, []byte("b")))
		if _, body := peer.frame(); string(body) != "\x04PONG" {
			t.Fatalf("PING %d answered %q", i, body)
		}
	}
	peer.send(appendFrame(nil, 0, []byte("\x01old.form")), command("SUBSCRIBE", "new.form"))
	delivered(t, p, peer, "old.form.x")
	delivered(t, p, peer, "new.form.x")
	peer.send(appendFrame(nil, 0, []byte("\x00old.form")), command("CANCEL", "new.form"), command("CANCEL", "never"), command("SUBSCRIBE", "end"))
	waitFor(t, p, "end")
	for _, topic := range []string{"old.form.x", "new.form.x", "never"} {
		if err := p.Send([]byte(topic), nil); err != nil {
			t.Fatal(err)
		}
	}
	delivered(t, p, peer, "end") // and none of the three before it
}

func TestTooManyTopics(t *testing.T) {
	p, address := newTestPub(t, Options{})
	peer := connect(t, address)
	peer.join(zmq4.Sub)
	for i := range maxTopics + 1 {
		if _, err := peer.Write(command("SUBSCRIBE", fmt.Sprint("topic.", i))); err != nil {
			break
		}
	}
	peer.cutOff()
	large := connect(t, address)
	large.join(zmq4.Sub)
	for i := range 40 {
		if _, err := large.Write(command("SUBSCRIBE", strings.Repeat(fmt.Sprint(i%10), 30000+i))); err != nil {
			break
		}
	}
	large.cutOff()
	eventually(t, "both are cut off", func() bool { return p.Stats().Disconnects["too-many-topics"] == 2 })
	works(t, p, address)
}

// TestZ11_NoCopyingSockets: what zmq4 does wrong is not offered.
func TestZ11_NoCopyingSockets(t *testing.T) {
	for _, kind := range []zmq4.SocketType{zmq4.Push, zmq4.Dealer, zmq4.XPub, ""} {
		if l, err := Listen(context.Background(), nil, Options{Type: kind}); err == nil {
			l.Close()
			t.Errorf("a %q socket was made", kind)
		}
	}
}

// TestZ13_OnlyNull: PLAIN and CURVE (Z14) are refused, and counted.
func TestZ13_OnlyNull(t *testing.T) {
	p, address := newTestPub(t, Options{})
	for _, mechanism := range []string{"PLAIN", "CURVE", "NULLX"} {
		g := greeting(zmq4.Sub)
		copy(g[12:32], mechanism)
		peer := connect(t, address)
		peer.send(g)
		peer.cutOff()
	}
	eventually(t, "all are counted", func() bool { return p.Stats().Rejects["mechanism"] == 3 })
	works(t, p, address)
}

// TestZ20_FailedHandshakesAreClosed also covers strangers of other protocols.
func TestZ20_FailedHandshakesAreClosed(t *testing.T) {
	p, address := newTestPub(t, Options{})
	old := greeting(zmq4.Sub)
	old[10] = 1
	for reason, words := range map[string][]byte{
		"greeting":    []byte("GET /raw?rows_per_page=100 HTTP/1.1\r\nHost: bus.example.org\r\nAccept: */*\r\n\r\n"),
		"version":     old,
		"socket-type": append(greeting(zmq4.Pull), ready(zmq4.Pull)...),
	} {
		peer := connect(t, address)
		peer.send(words)
		peer.cutOff()
		eventually(t, reason, func() bool { return p.Stats().Rejects[reason] == 1 })
	}
	connect(t, address).Close()
	eventually(t, "hung up", func() bool { return p.Stats().Rejects["hung-up"] == 1 })
	eventually(t, "no place is kept", func() bool { s := p.Stats(); return s.Peers == 0 && s.Handshakes == 0 })
}
