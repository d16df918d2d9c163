package subscribe

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"busbar/common/event"
)

// TestRepairs: what is missing at the start, in the middle and at the end is asked
// for before anything behind it is handed out, each message once, and verified.
func TestRepairs(t *testing.T) {
	h := newHost(t, "notes.host", testSigner(t, goodSigner))
	file := filepath.Join(t.TempDir(), "position")
	s := open(t, Options{File: file, Verifier: testVerifier(t, nil)}, h)
	h.subscribed()
	h.write(5)
	h.say(3, 5) // it begins with the first that comes
	expect(t, s, 3, 4, 5)
	h.write(5)
	h.say(9, 9) // in the middle
	h.say(7, 7) // late
	h.say(9, 9) // again
	h.say(10, 10)
	expect(t, s, 6, 7, 8, 9, 10)
	h.write(3)
	h.beat(13) // at the end
	expect(t, s, 11, 12, 13)
	nothing(t, s)
	h.write(2)
	h.say(14, 15)
	first, second := next(t, s), next(t, s)
	ack(t, s, second) // before the first
	if p := s.Status().Streams[0]; p.Position != 13 || p.Queued != 15 || p.Signer != goodSigner {
		t.Errorf("%+v", p)
	}
	if first.Envelope.Seq != 14 || first.Replayed || first.Signer != goodSigner || string(first.Body) == "" || first.Topic != first.Envelope.Topic {
		t.Errorf("%+v", first)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Next(context.Background()); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	// 14 was not acknowledged, 15 was; what was said meanwhile is asked for at once.
	h.write(2)
	s = open(t, Options{File: file, Verifier: testVerifier(t, nil)}, h)
	expect(t, s, 14, 16, 17)
	nothing(t, s)
}

// TestBegin: where to begin with a publisher of whom no position is known.
func TestBegin(t *testing.T) {
	h := newHost(t, "notes.host", nil)
	h.write(10)
	since := h.clock.Add(-3 * time.Second)
	for _, c := range []struct {
		what string
		from From
		beat bool
		want []any
	}{
		{"now, by a message", Now(), false, numbers(10, 10)},
		{"now, by a heartbeat", Now(), true, nil},
		{"start", Start(), true, numbers(1, 10)},
		{"start, by a message", Start(), false, numbers(1, 10)},
		{"a time", Since(since), true, numbers(7, 10)},
		{"a time, by a message", Since(since), false, numbers(7, 10)},
		{"a time of which there is nothing", Since(h.clock.Add(time.Hour)), true, nil},
	} {
		t.Run(c.what, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "position")
			s := open(t, Options{File: file, From: c.from}, h)
			until(t, s, "connected", func(st Status) bool { return st.Connected[h.pub.Endpoints()[0]] })
			h.subscribed()
			if c.beat {
				h.beat(10)
			} else {
				h.say(10, 10)
			}
			expect(t, s, c.want...)
			until(t, s, "at the end", func(st Status) bool {
				return len(st.Streams) == 1 && st.Streams[0].Position == 10 && !st.Streams[0].Repairing
			})
			nothing(t, s)
			s.Close()
			// The place is remembered, also if nothing came.
			s = open(t, Options{File: file, From: c.from}, h)
			s.Close()
			if st := s.Status().Streams; len(st) != 1 || st[0].Position != 10 {
				t.Errorf("%+v", st)
			}
		})
	}
}

// TestNamedGaps: what cannot be repaired is named, in its place.
func TestNamedGaps(t *testing.T) {
	h := newHost(t, "notes.host", nil)
	s := open(t, Options{From: Start()}, h)
	h.subscribed()
	h.write(10)
	h.prune(5)
	h.say(10, 10)
	expect(t, s, append([]any{"retention 1-5"}, numbers(6, 10)...)...)
	// The journal is lost: of the new sequence nothing is.
	old := h.j.Epoch()
	h.again(func() { remove(t, h.path()) })
	h.write(3)
	h.say(2, 3)
	m := next(t, s)
	if m.Gap == nil || m.Gap.Reason != Lost || m.Gap.Epoch != old || m.Gap.From != 11 || m.Gap.To != 0 {
		t.Fatalf("%+v", m.Gap)
	}
	ack(t, s, m)
	expect(t, s, 1, 2, 3)
	// An older copy is put back.
	var copied []byte
	h.again(func() { copied = read(t, h.path()) })
	h.write(4)
	h.say(4, 7)
	expect(t, s, 4, 5, 6, 7)
	h.again(func() { put(t, h.path(), copied) })
	h.write(2)
	h.beat(5)
	expect(t, s, "put back 4-7", 4, 5)
	h.write(4)
	h.say(8, 9)
	expect(t, s, 6, 7, 8, 9)
	// It is put back once more, and grows beyond what was handed out unseen.
	h.again(func() { put(t, h.path(), copied) })
	h.write(10)
	h.say(10, 13)
	expect(t, s, append([]any{"put back 4-9"}, numbers(4, 13)...)...)
	nothing(t, s)
	if g := s.Status().Gaps; g[Retention] != 1 || g[Lost] != 1 || g[PutBack] != 2 {
		t.Errorf("%v", g)
	}
}

// TestPutBackAndDropped: an older journal is put back and grows, and its retention
// takes the number that was handed out last. What follows names another one before it.
func TestPutBackAndDropped(t *testing.T) {
	for name, tell := range map[string]func(h *host){
		"live":         func(h *host) { h.say(8, 9) },
		"later":        func(h *host) { h.say(9, 9) },
		"by heartbeat": func(h *host) { h.beat(9) },
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, "notes.host", nil)
			s := open(t, Options{From: Start()}, h)
			h.subscribed()
			h.write(3)
			var copied []byte
			h.again(func() { copied = read(t, h.path()) })
			h.write(4)
			h.say(7, 7)
			expect(t, s, numbers(1, 7)...)
			h.again(func() { put(t, h.path(), copied) })
			h.write(6)
			h.prune(2)
			tell(h)
			expect(t, s, "put back 1-7", "retention 1-7", 8, 9)
			nothing(t, s)
		})
	}
}

// TestPutBackBeyondRetention: an older journal is put back and grows, and its retention
// takes what would say from where on it is another one.
func TestPutBackBeyondRetention(t *testing.T) {
	h := newHost(t, "notes.host", nil)
	s := open(t, Options{From: Start()}, h)
	h.subscribed()
	var empty, whole []byte
	h.again(func() { empty = read(t, h.path()) })
	h.write(5)
	h.say(5, 5)
	expect(t, s, numbers(1, 5)...)
	h.again(func() { put(t, h.path(), empty) })
	h.write(8)
	h.again(func() { whole = read(t, h.path()) })
	h.prune(5)
	h.beat(8)
	expect(t, s, append([]any{"put back 1-5", "retention 1-3"}, numbers(4, 8)...)...)
	h.again(func() { put(t, h.path(), whole) }) // and 1 to 3 are there again, which were named
	h.write(1)
	h.beat(9)
	expect(t, s, 9)
	nothing(t, s)
}

// TestRefusedByReplay: a message that is not to be believed is named, and the others
// come.
func TestRefusedByReplay(t *testing.T) {
	h := newHost(t, "notes.host", testSigner(t, goodSigner))
	h.write(2)
	h.again(func() { h.signer = testSigner(t, "untrusted-feeder.example.net") })
	h.write(1)
	h.again(func() { h.signer = testSigner(t, goodSigner) })
	h.write(2)
	s := open(t, Options{From: Start(), Verifier: testVerifier(t, nil)}, h)
	h.subscribed()
	h.say(3, 3) // and live it is nothing at all
	h.say(5, 5)
	expect(t, s, 1, 2, "refused 3-3", 4, 5)
	if n := s.Status().Refused; n != 1 {
		t.Errorf("%d were refused", n)
	}
}

// TestNoReplay: a publisher that numbers its messages and does not say them again.
func TestNoReplay(t *testing.T) {
	h := newHost(t, "notes.host", nil)
	h.write(10)
	s := open(t, Options{Publishers: h.pub.Endpoints()})
	h.subscribed()
	h.say(2, 3)
	expect(t, s, 2, 3)
	h.say(6, 7)
	expect(t, s, "no replay 4-5", 6, 7)
	h.beat(10)
	expect(t, s, "no replay 8-10")
}

// TestPlain: a publisher of fedmsg's own is followed live, and said to be so.
func TestPlain(t *testing.T) {
	h := newHost(t, "notes.host", nil)
	s := open(t, Options{Queue: 1, Window: 1}, h)
	h.subscribed()
	say := func(id string, at time.Time) {
		t.Helper()
		body, err := event.Canonical(map[string]any{"topic": "org.example.dev.logger.log", "msg_id": "2024-" + id, "timestamp": at.Unix(), "i": int64(1), "msg": map[string]any{}})
		if err == nil {
			err = h.pub.Send("org.example.dev.logger.log", body)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	ids := []string{"00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002", "00000000-0000-4000-8000-000000000003"}
	say(ids[0], time.Now().Add(-48*time.Hour)) // somebody plays an old one
	say(ids[0], time.Now())
	m := next(t, s)
	if !m.Live || m.Gap != nil || m.Envelope.MsgID != "2024-"+ids[0] {
		t.Fatalf("%+v", m)
	}
	ack(t, s, m)
	say(ids[0], time.Now())
	say(ids[1], time.Now()) // fills the queue
	say(ids[2], time.Now()) // finds it full
	until(t, s, "the second", func(st Status) bool { return st.Queued == 1 && st.Duplicates == 1 && st.Refused == 1 })
	for s.missed() == 0 {
		time.Sleep(time.Millisecond) // between two looks at the condition
	}
	ack(t, s, next(t, s))
	say("00000000-0000-4000-8000-000000000004", time.Now())
	m = next(t, s)
	if m.Gap == nil || m.Gap.Reason != Slow || m.Gap.Count < 1 {
		t.Fatalf("%+v", m.Gap)
	}
	if live := s.Status().Live; len(live) != 1 || live[0] != h.pub.Endpoints()[0] {
		t.Errorf("%v", live)
	}
}

func (s *Subscriber) missed() (n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.plains {
		n += p.missed
	}
	return n
}
