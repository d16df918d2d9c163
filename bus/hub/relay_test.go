package hub

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"busbar/bus/bustest"
	"busbar/common/archive"
	"busbar/common/condition"
	"busbar/common/event"
	"busbar/common/programtest"
	"busbar/common/sign"
	"busbar/common/wire"
	"busbar/common/wire/guard"
)

// startRelay runs a relay before an archive.
func startRelay(t *testing.T, v *sign.Verifier, places int) (r *relay, a *archive.Archive, address string) {
	t.Helper()
	a = openArchive(t)
	s := newStore(a, func(string, string) bool { return false })
	r = newRelay([]string{"tcp://" + freeAddress(t)}, v, s, &condition.Set{}, slog.New(slog.NewTextHandler(t.Output(), nil)))
	r.places = places
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 2)
	go func() { ended <- s.run(ctx) }()
	go func() { ended <- r.run(ctx) }()
	t.Cleanup(func() {
		cancel()
		for range 2 {
			if err := <-ended; !errors.Is(err, context.Canceled) {
				t.Errorf("it ended with %v", err)
			}
		}
	})
	wait(t, "the relay", func() bool { return len(r.report().Endpoints) > 0 })
	return r, a, r.listen[0]
}

func (r *relay) messages(what string) int64 { return r.report().Messages[what] }

// fresh is a message of now.
func fresh(t *testing.T, publisher string, seq int64) archive.Incoming {
	t.Helper()
	m := message(t, publisher, seq)
	e := m.Envelope
	e.Timestamp = time.Now().Unix()
	body, err := event.Canonical(e.Tree())
	if err != nil {
		t.Fatal(err)
	}
	if m, err = archive.Read(body); err != nil {
		t.Fatal(err)
	}
	return m
}

// TestRelayOfFedmsg: what fedmsg's active publisher says by the real libzmq, and a PUSH
// socket, is verified, kept as it came, without a number, and nothing else is.
func TestRelayOfFedmsg(t *testing.T) {
	bustest.NeedPython(t, "zmq, cryptography")
	const who = "bridge-feeder.example.org"
	v, err := sign.NewVerifier(sign.VerifierOptions{CAFile: pki + "ca.crt", CRLFile: pki + "crl.pem", SHA1Only: []string{who}})
	if err != nil {
		t.Fatal(err)
	}
	for _, way := range []string{"active", "push"} {
		t.Run(way, func(t *testing.T) {
			r, a, address := startRelay(t, v, 10)
			bustest.Background(t, bustest.Python, "../testdata/fedmsgpeer.py", way, address, pki+who+".crt", pki+who+".key")
			wait(t, "messages", func() bool { return r.messages("taken") >= 5 && r.messages("refused") >= 5 })
			list, err := a.After(t.Context(), 0, 5)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range list {
				if m.Seq != 0 || m.Publisher != "" || !bytes.Contains(m.Wire, []byte(`"repo": "teapot"`)) {
					t.Errorf("arrival %d is %+v", m.N, m)
				}
			}
		})
	}
}

// TestRelayJudges: what is no message, old, or says two topics is refused and counted;
// what was there is taken, and not kept twice; numbers that are passed over are no gap.
func TestRelayJudges(t *testing.T) {
	r, a, address := startRelay(t, nil, 40)
	pub, err := wire.DialPub(t.Context(), address, programtest.Patience)
	if err != nil {
		t.Fatal(err)
	}
	defer pub.Close()
	if err := pub.WaitSubscriber(t.Context(), "anything"); err != nil {
		t.Fatal(err)
	}
	one, nine, plain := fresh(t, "one", 1), fresh(t, "one", 9), fresh(t, "", 5)
	old := message(t, "one", 2)
	for _, m := range []struct {
		topic string
		body  []byte
	}{
		{one.Envelope.Topic, one.Wire}, {one.Envelope.Topic, one.Wire}, {nine.Envelope.Topic, nine.Wire}, {plain.Envelope.Topic, plain.Wire},
		{old.Envelope.Topic, old.Wire}, {"org.debian.dev.other", nine.Wire}, {"x", []byte("no JSON")}, {"x", []byte("[]")}, {"x", nil},
		{"org.debian.dev.busbar._heartbeat", []byte(`{"topic":"org.debian.dev.busbar._heartbeat"}`)},
	} {
		if err := pub.Send(m.topic, m.body); err != nil {
			t.Fatal(err)
		}
	}
	wait(t, "all to be judged", func() bool {
		n := int64(0)
		for _, count := range r.report().Messages {
			n += count
		}
		return n == 10
	})
	if got := fmt.Sprint(r.report().Messages); got != "map[form:1 refused:4 stale:1 taken:4]" {
		t.Errorf("counted %s", got)
	}
	list, err := a.After(t.Context(), 0, 100)
	if err != nil || len(list) != 3 || string(list[0].Wire) != string(one.Wire) || string(list[2].Wire) != string(plain.Wire) {
		t.Errorf("the archive has %d messages, %v", len(list), err)
	}
	if gaps, err := a.LastGaps(t.Context(), 10); err != nil || len(gaps) > 0 {
		t.Errorf("gaps %v, %v", gaps, err)
	}
}

// A stranger is a PUSH socket that writes what it likes, from an address of its own.
type stranger struct{ net.Conn }

func newStranger(t *testing.T, from, to string) (stranger, error) {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	c, err := d.DialContext(t.Context(), "tcp", strings.TrimPrefix(to, "tcp://"))
	if err != nil {
		return stranger{}, err
	}
	t.Cleanup(func() { c.Close() })
	greeting := make([]byte, 64)
	copy(greeting, "\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x03\x00NULL")
	ready := "\x04\x1a\x05READY\x0bSocket-Type\x00\x00\x00\x04PUSH"
	if err := c.SetDeadline(time.Now().Add(programtest.Patience)); err != nil {
		return stranger{}, err
	}
	if _, err := c.Write(append(greeting, ready...)); err != nil {
		return stranger{}, err
	}
	_, err = c.Read(make([]byte, 64)) // its greeting
	return stranger{c}, err
}

func (s stranger) say(topic string, body []byte) error {
	_, err := s.Write(guard.AppendFrame(guard.AppendFrame(nil, true, []byte(topic)), false, body))
	return err
}

// TestRelayIsShared: whoever takes all places, sends rubbish without end, or begins
// large messages that do not come, takes nothing from another address.
func TestRelayIsShared(t *testing.T) {
	r, a, address := startRelay(t, nil, 40)
	var hostile []stranger
	for range r.places + 20 {
		s, err := newStranger(t, "127.0.0.2", address)
		if err != nil {
			t.Fatal(err)
		}
		hostile = append(hostile, s)
	}
	wait(t, "all places to be taken", func() bool { return r.report().Peers == r.places })
	for i, s := range hostile { // who was refused gets an error, which is as it should be
		if i%2 == 0 {
			go func() {
				for s.say("x", []byte("rubbish")) == nil {
				}
			}()
			continue
		}
		_, _ = s.Write(append([]byte{2, 0, 0, 0, 0, 0, 0x3f, 0, 0}, make([]byte, 100_000)...))
	}
	wait(t, "rubbish", func() bool { return r.messages("refused") > 0 })
	s, err := newStranger(t, "127.0.0.3", address)
	if err != nil {
		t.Fatal(err)
	}
	large := fresh(t, "one", 1)
	e := large.Envelope
	e.Msg = map[string]any{"text": strings.Repeat("x", 1<<20)}
	body, err := event.Canonical(e.Tree())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.say(e.Topic, body); err != nil {
		t.Fatal(err)
	}
	for seq := int64(2); seq <= 50; seq++ {
		m := fresh(t, "one", seq)
		if err := s.say(m.Envelope.Topic, m.Wire); err != nil {
			t.Fatal(err)
		}
	}
	wait(t, "the honest one's messages", func() bool { _, newest, err := a.Range(t.Context()); return err == nil && newest == 50 })
	list, err := a.After(t.Context(), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range list {
		if m.Seq != int64(i+1) {
			t.Errorf("arrival %d is message %d", m.N, m.Seq)
		}
	}
	wait(t, "who made room to be counted", func() bool { return r.report().Cut["displaced"] > 0 })
}
