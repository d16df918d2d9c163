package subscribe

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"busbar/common/condition"
	"busbar/common/wire"
)

// TestDeaf: a position that stands still while heartbeats go on is said with the
// second of them, by library, status and metric; and so is that it moves again.
func TestDeaf(t *testing.T) {
	h := newHost(t, "notes.host", nil)
	s := open(t, Options{}, h)
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(s.Collector())
	metric := func() string {
		t.Helper()
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			if f.GetName() == "busbar_subscriber_deaf" {
				return fmt.Sprint(f.GetMetric()[0].GetGauge().GetValue())
			}
		}
		return "none"
	}
	h.subscribed()
	h.write(2)
	h.say(1, 2)
	m := next(t, s)
	// Two heartbeats; nothing is acknowledged. One would be too early.
	h.beat(2)
	until(t, s, "the first heartbeat", func(Status) bool { s.mu.Lock(); defer s.mu.Unlock(); return !streamOf(s).beat.last.IsZero() })
	if st := s.Status().Streams[0]; !st.Deaf.IsZero() || metric() != "0" {
		t.Errorf("after one heartbeat: %+v", st)
	}
	h.beat(2)
	st := until(t, s, "deaf", func(st Status) bool { return !st.Streams[0].Deaf.IsZero() })
	list := st.Conditions()
	if len(list) != 1 || list[0].Name != "deaf" || list[0].Level != condition.Fail || !strings.Contains(list[0].Text, "2 messages wait or are not acknowledged, from 1 on") {
		t.Errorf("%v", list)
	}
	if metric() != "1" {
		t.Errorf("the metric is %s", metric())
	}
	ack(t, s, m)
	until(t, s, "moves again", func(st Status) bool { return st.Streams[0].Deaf.IsZero() })
	if metric() != "0" {
		t.Errorf("the metric is %s", metric())
	}
	// The other way to be deaf: what is missing cannot be had.
	h.server.Close()
	ack(t, s, next(t, s))
	h.write(2)
	for range 2 {
		h.beat(4)
	}
	st = until(t, s, "deaf again", func(st Status) bool { return !st.Streams[0].Deaf.IsZero() && st.Streams[0].Why != "" })
	if why := st.Streams[0].Why; !strings.Contains(why, "what is missing") {
		t.Errorf("why: %s", why)
	}
}

func streamOf(s *Subscriber) *stream {
	for _, st := range s.streams {
		return st
	}
	return &stream{}
}

// TestSilent: heartbeats that do not come are said.
func TestSilent(t *testing.T) {
	h := newHost(t, "notes.host", nil)
	s := open(t, Options{}, h)
	h.subscribed()
	h.beat(0)
	until(t, s, "a heartbeat", func(st Status) bool { return len(st.Streams) == 1 })
	s.mu.Lock()
	now := time.Now()
	s.now = func() time.Time { return now.Add(62 * time.Second) }
	s.mu.Unlock()
	st := until(t, s, "silent", func(st Status) bool { return !st.Streams[0].Silent.IsZero() })
	if list := st.Conditions(); len(list) != 1 || list[0].Name != "silent" || list[0].Level != condition.Warn {
		t.Errorf("%v", list)
	}
	h.beat(0)
	until(t, s, "no longer", func(st Status) bool { return st.Streams[0].Silent.IsZero() })
}

// TestSlowCaller: what a caller does not take is dropped, and there when it takes it;
// memory stays bounded.
func TestSlowCaller(t *testing.T) {
	const n, size = 300, 40_000
	h := newHost(t, "notes.host", nil)
	h.pad = strings.Repeat("x", size)
	s := open(t, Options{Queue: 1 << 20, Window: 30}, h)
	h.subscribed()
	h.write(1)
	h.say(1, 1)
	until(t, s, "the first", func(st Status) bool { return st.Queued == 1 })
	h.write(n - 1)
	before := heap()
	h.say(2, n)
	until(t, s, "all is known", func(st Status) bool {
		h.beat(n) // the publisher drops heartbeats, too
		return st.Streams[0].Newest == n
	})
	if after := heap(); after > before+8<<20 {
		t.Errorf("%d MiB more are in use, of %d", (after-before)>>20, n*size>>20)
	}
	s.mu.Lock()
	if s.queued > 1<<20 || s.held > 1<<20 {
		t.Errorf("%d bytes wait, and %d behind a repair", s.queued, s.held)
	}
	s.mu.Unlock()
	var taken []*Message
	for i := range n {
		m := next(t, s)
		if m.Gap != nil || m.Envelope.Seq != int64(i+1) {
			t.Fatalf("message %d: %+v", i+1, m)
		}
		if taken = append(taken, m); len(taken) == 30 {
			ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
			if _, err := s.Next(ctx); i < n-1 && err == nil {
				t.Fatal("more is handed out than may be in flight")
			}
			cancel()
			ack(t, s, taken...)
			taken = nil
		}
	}
	nothing(t, s)
}

func heap() int {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// TestLastBeforeQuiet: the last message before a publisher goes quiet is lost on the
// wire. It is there with the next heartbeat, from a real publisher.
func TestLastBeforeQuiet(t *testing.T) {
	h := newHost(t, "notes.host", testSigner(t, goodSigner))
	at := h.pub.Endpoints()[0]
	h.write(1)
	h.pub.Close()
	p := newProxy(t, at[6:])
	put(t, h.at, fmt.Appendf(nil, "[endpoints]\nx = %q\n[replay_endpoints]\nx = %q\n", p.endpoint(), h.server.Endpoints()[0]))
	s := open(t, Options{Verifier: testVerifier(t, nil), From: Start()}, h)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	real := &wire.Publisher{
		Journal: h.j, Identity: h.identity(), Seal: h.signer.Seal, Sink: "zmq", Every: 100 * time.Millisecond,
		Listen: wire.PubOptions{Endpoints: []string{at}, Linger: -1},
	}
	go func() { done <- real.Run(ctx) }()
	defer func() { cancel(); <-done }()
	expect(t, s, 1)
	p.cut(true)
	h.write(1)
	for end := time.Now().Add(longest); real.Newest() < 2; time.Sleep(time.Millisecond) { // between two looks at the condition
		if time.Now().After(end) {
			t.Fatal("it is never published")
		}
	}
	p.cut(false)
	m := next(t, s)
	if m.Envelope.Seq != 2 || !m.Replayed {
		t.Errorf("%+v", m)
	}
	s.mu.Lock()
	if streamOf(s).beat.newest < 1 {
		t.Errorf("%+v", streamOf(s).beat)
	}
	s.mu.Unlock()
}
