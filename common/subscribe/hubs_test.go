package subscribe

import (
	"context"
	"errors"
	"testing"

	"github.com/go-zeromq/zmq4"

	"busbar/common/replay"
	"busbar/common/wire/guard"
)

// A kept is what an archive has of a journal: up to a number.
type kept struct {
	replay.Journal
	newest uint64
}

func (k *kept) Have(ctx context.Context, publisher, epoch string) (replay.Have, error) {
	h, err := k.Journal.Have(ctx, publisher, epoch)
	var other *replay.EpochError
	if errors.As(err, &other) {
		return h, &replay.EpochError{Archive: true}
	}
	h.Archive, h.Newest = true, min(h.Newest, k.newest)
	return h, err
}

// hub answers for a copy of a host's journal.
func hub(t *testing.T, h *host, newest uint64) (k *kept, address string) {
	t.Helper()
	other := &host{t: t, name: h.name, dir: t.TempDir(), signer: h.signer, clock: h.clock}
	h.again(func() { put(t, other.path(), read(t, h.path())) })
	other.open()
	k = &kept{replay.Journal{Reader: other.j.Reader(), Publisher: h.name, Epoch: other.j.Epoch()}, newest}
	l, err := guard.Listen(t.Context(), []string{"tcp://127.0.0.1:0"}, guard.Options{Type: zmq4.Rep, Exchange: replay.New(k, nil).Serve})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close(); other.j.Close() })
	return k, l.Endpoints()[0]
}

// reaches says the newest number until a subscriber gets it: also where another
// one was just closed, which h may still send to.
func (h *host) reaches(s *Subscriber, newest int64) {
	h.t.Helper()
	until(h.t, s, "reached by a heartbeat", func(Status) bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, st := range s.streams {
			if st.beat.id != "" {
				return true
			}
		}
		h.beat(newest)
		return false
	})
}

// TestHubs: what a publisher dropped, and what it said before it went, comes from a
// hub; one that is behind is waited for, and proves no loss.
func TestHubs(t *testing.T) {
	h := newHost(t, "notes.host", nil)
	h.write(14)
	_, full := hub(t, h, 14)
	_, half := hub(t, h, 3)
	h.prune(5) // 10 to 14 are left
	s := open(t, Options{From: Start(), Hubs: []string{half, full}}, h)
	h.subscribed()
	h.say(14, 14)
	expect(t, s, numbers(1, 14)...)
	nothing(t, s)

	// Nobody else is there: the one that is behind is no answer.
	h.server.Close()
	file := t.TempDir() + "/position"
	s = open(t, Options{File: file, From: Start(), Hubs: []string{half}}, h)
	// The subscriber before it is still there: whose subscription came, nobody can tell.
	until(t, s, "hearing of the publisher", func(st Status) bool { h.say(14, 14); return len(st.Streams) == 1 })
	expect(t, s, 1, 2, 3)
	until(t, s, "asking in vain", func(st Status) bool { return len(st.Streams) == 1 && st.Streams[0].Repairing })
	if g := s.Status().Gaps; len(g) > 0 {
		t.Errorf("a hub that is behind makes gaps: %v", g)
	}
	s.Close()
	s = open(t, Options{File: file, Hubs: []string{half, full}}, h)
	expect(t, s, numbers(4, 14)...)
	nothing(t, s)
}

// TestHubIsNoPublisher: a number that a hub does not have yet is no sign that the
// publisher's journal was put back.
func TestHubIsNoPublisher(t *testing.T) {
	h := newHost(t, "notes.host", nil)
	h.write(9)
	_, behindUs := hub(t, h, 5)
	file := t.TempDir() + "/position"
	s := open(t, Options{File: file, From: Start(), Hubs: []string{behindUs}}, h)
	h.subscribed()
	h.say(9, 9)
	expect(t, s, numbers(1, 9)...)
	s.Close()
	h.server.Close()
	s = open(t, Options{File: file, Hubs: []string{behindUs}}, h)
	h.reaches(s, 9) // by a new connection: is it the same journal?
	h.write(1)
	h.say(10, 10)
	until(t, s, "looking", func(st Status) bool { return st.Streams[0].Newest >= 9 })
	h.serverAgain()
	expect(t, s, 10)
	nothing(t, s)
}

// TestOnHeartbeat: each heartbeat is told once, whichever way it comes.
func TestOnHeartbeat(t *testing.T) {
	h := newHost(t, "notes.host", nil)
	told := make(chan Heartbeat, 10)
	s := open(t, Options{OnHeartbeat: func(b Heartbeat) { told <- b }}, h)
	h.subscribed()
	h.write(3)
	h.beat(3)
	b := <-told
	if b.Publisher != "notes.host" || b.Epoch != h.j.Epoch() || b.Newest != 3 || b.ID == "" {
		t.Errorf("told %+v", b)
	}
	if err := errors.Join(h.pub.Send(b.Topic, b.Body), h.pub.Send(b.Topic, b.Body)); err != nil {
		t.Fatal(err)
	}
	h.beat(2)
	if again := <-told; again.Newest != 2 {
		t.Errorf("told twice: %+v", again)
	}
	s.Close()
}

func TestHubsAreChecked(t *testing.T) {
	for _, bad := range []string{"http://127.0.0.1:1", "tcp://*:9950", "tcp://127.0.0.1:0", ""} {
		if s, err := Open(t.Context(), Options{Publishers: []string{"tcp://127.0.0.1:9"}, File: t.TempDir() + "/p", Hubs: []string{bad}}); err == nil {
			s.Close()
			t.Errorf("%q is taken for a hub", bad)
		}
	}
}
