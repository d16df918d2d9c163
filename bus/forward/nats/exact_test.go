package nats

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"busbar/common/drain"
	"busbar/common/journal"
	"busbar/fixtures/cluster"
)

// TestAfterThePause: what the stream has and nobody recorded is found again, also once
// the server has forgotten its ids, and was restarted meanwhile: neither the window for
// duplicates nor the last id that it knows is what counts.
func TestAfterThePause(t *testing.T) {
	t.Parallel()
	n := ownServer(t, cluster.NATSOptions{})
	s := sinkTo(n)
	const window = 100 * time.Millisecond
	s.Stream.Duplicates = window
	p := newSpeaker(t)
	store := &shelf{Store: p}
	p.say(300)
	r := run(t, store, s.again())
	r.reaches(300)
	store.freeze(true)
	p.say(200)
	r.reaches(500)
	r.stop()
	if err := n.Kill(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(2 * window) // the pause itself
	if err := n.Start(); err != nil {
		t.Fatal(err)
	}
	if err := n.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	store.freeze(false)
	p.say(100)
	run(t, store, s.again()).reaches(600)
	same(t, s.reader(t).messages(), p.all())
}

// TestWithoutAnyPosition: the stream alone tells what it has.
func TestWithoutAnyPosition(t *testing.T) {
	t.Parallel()
	s := newSink(t)
	p := newSpeaker(t)
	p.say(300)
	r := run(t, &shelf{Store: p}, s.again())
	r.reaches(300)
	r.stop()
	p.say(50)
	run(t, &shelf{Store: p}, s.again()).reaches(350)
	same(t, s.reader(t).messages(), p.all())
}

// TestKnown: the bookmark never passes what the stream has and nobody was handed yet.
func TestKnown(t *testing.T) {
	k := known{created: time.Unix(1, 0), upTo: 10, taken: map[uint64]bool{}}
	k.numbers = newNumbers()
	for n := uint64(1); n <= 10; n++ {
		k.put(factOf(fmt.Sprint(n), "topic"), n, n > 4)
	}
	want := func(n uint64) {
		t.Helper()
		if got := k.bookmark().seq; got != n {
			t.Errorf("the bookmark is %d, not %d", got, n)
		}
	}
	want(4)
	k.take(3)
	k.take(7)
	k.take(10)
	want(4)
	k.take(5)
	want(5)
	k.take(6)
	want(7)
	k.take(8)
	k.take(9)
	want(10)
	k.upTo = 12
	want(12)
	if b, ok := parseBookmark(k.bookmark().String()); !ok || b.seq != 12 || !b.created.Equal(k.created) {
		t.Errorf("a bookmark is read as %+v", b)
	}
	for _, text := range []string{"", "1", "1/", "/1", "a/1", "1/a", "1/-1", "1/2/3"} {
		if b, ok := parseBookmark(text); ok {
			t.Errorf("%q is read as %+v", text, b)
		}
	}
}

// TestKilledServer: the server is killed again and again while messages come.
func TestKilledServer(t *testing.T) {
	t.Parallel()
	n := ownServer(t, cluster.NATSOptions{})
	s := sinkTo(n)
	p := newSpeaker(t)
	r := run(t, &shelf{Store: p}, s.again())
	for range 4 {
		p.say(500)
		last := int64(p.said)
		eventually(t, "something goes", func() bool { return r.Status().Cursor > last-500 })
		if err := n.Kill(); err != nil {
			t.Fatal(err)
		}
		p.say(100)
		if err := n.Start(); err != nil {
			t.Fatal(err)
		}
	}
	r.reaches(int64(p.said))
	same(t, s.reader(t).messages(), p.all())
	if r.Status().Failures == 0 {
		t.Error("no failure was seen")
	}
}

// TestCluster: of three servers the one that leads the stream is killed while messages
// come; and comes back.
func TestCluster(t *testing.T) {
	t.Parallel()
	nodes, err := cluster.StartNATSCluster(t.Context(), t.TempDir(), 3, cluster.NATSOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, n := range nodes {
			if err := n.Kill(); err != nil {
				t.Error(err)
			}
			if t.Failed() {
				t.Log(n.Log())
			}
		}
	})
	s := sinkTo(nodes...)
	p := newSpeaker(t)
	one := s.again()
	r := run(t, &shelf{Store: p}, one)
	p.say(500)
	r.reaches(500)
	state := one.State()
	leader := slices.IndexFunc([]string{"n0", "n1", "n2"}, func(name string) bool { return name == state.Leader })
	if state.Replicas != 3 || leader < 0 {
		t.Fatalf("the stream is %+v", state)
	}
	p.say(300)
	if err := nodes[leader].Kill(); err != nil {
		t.Fatal(err)
	}
	p.say(300)
	r.reaches(int64(p.said))
	if err := nodes[leader].Start(); err != nil {
		t.Fatal(err)
	}
	p.say(300)
	r.reaches(int64(p.said))
	same(t, s.reader(t).messages(), p.all())
}

// TestOtherWriter: while another program writes into the stream, nothing of ours is
// lost, doubled or out of order.
func TestOtherWriter(t *testing.T) {
	t.Parallel()
	s := newSink(t)
	p := newSpeaker(t)
	js := s.client(t)
	p.say(10)
	r := run(t, &shelf{Store: p}, s.again())
	r.reaches(10)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	others := 0
	wg.Go(func() {
		for ctx.Err() == nil {
			if _, err := js.Publish(ctx, "org.example.other", []byte("other"), jetstream.WithMsgID(fmt.Sprint("other", others))); err == nil {
				others++
			}
			time.Sleep(2 * time.Millisecond) // the pace of the other
		}
	})
	for range 20 {
		p.say(100)
		r.reaches(int64(p.said) - 50)
	}
	cancel()
	wg.Wait()
	r.reaches(int64(p.said))
	var ours [][]byte
	for _, m := range s.reader(t).messages() {
		if string(m) != "other" {
			ours = append(ours, m)
		}
	}
	if same(t, ours, p.all()); others == 0 {
		t.Error("the other wrote nothing")
	}
}

// TestTwoOfUs: two that forward the same into one stream do so once.
func TestTwoOfUs(t *testing.T) {
	t.Parallel()
	s := newSink(t)
	p := newSpeaker(t)
	one, two := run(t, &shelf{Store: p}, s.again()), run(t, &shelf{Store: p}, s.again())
	for range 10 {
		p.say(100)
		one.reaches(int64(p.said) - 30)
	}
	one.reaches(1000)
	two.reaches(1000)
	same(t, s.reader(t).messages(), p.all())
}

// given are messages that no journal would have.
type given struct {
	drain.Store
	list []journal.Message
}

func (g given) After(_ context.Context, seq int64, _ int) ([]journal.Message, error) {
	return g.list[min(seq, int64(len(g.list))):], nil
}

func (g given) Changed() <-chan struct{}                                 { return make(chan struct{}) }
func (g given) Missed(context.Context, string) ([]journal.Missed, error) { return nil, nil }

// TestSameIDOtherTopic: an id that comes under another topic is another message, though
// the server takes it for a duplicate.
func TestSameIDOtherTopic(t *testing.T) {
	t.Parallel()
	s := newSink(t)
	var g given
	for i, topic := range []string{"a", "b", "c", "d", "a2"} {
		id := "2026-0e1d2c3b-0000-5000-8000-000000000001"
		if topic == "c" {
			id = "2026-0e1d2c3b-0000-5000-8000-000000000002"
		}
		g.list = append(g.list, journal.Message{Seq: int64(i + 1), ID: id, Topic: "org.example." + topic, Wire: []byte(topic)})
	}
	run(t, &shelf{Store: g}, s.again()).reaches(5)
	if got := s.reader(t).messages(); fmt.Sprintf("%s", got) != "[a b c d a2]" {
		t.Errorf("the stream has %s", got)
	}
	// And nothing of it comes twice.
	run(t, &shelf{Store: g}, s.again()).reaches(5)
	if got := s.reader(t).messages(); len(got) != 5 {
		t.Errorf("the stream has %s", got)
	}
}

// TestLost: what the stream no longer has of what it had acknowledged is said, and the
// rest is forwarded all the same.
func TestLost(t *testing.T) {
	t.Parallel()
	s := newSink(t)
	p := newSpeaker(t)
	store := &shelf{Store: p}
	p.say(100)
	r := run(t, store, s.again())
	r.reaches(100)
	r.stop()
	js := s.client(t)
	if err := js.DeleteStream(t.Context(), s.Stream.Name); err != nil {
		t.Fatal(err)
	}
	p.say(10)
	again := s.again()
	run(t, store, again).reaches(110)
	same(t, s.reader(t).messages(), p.all()[100:])
	list := again.Conditions()
	if len(list) != 1 || !strings.Contains(list[0].Text, "is another than before") {
		t.Errorf("conditions are %v", list)
	}
}

// TestLostTail: what the server had acknowledged and lost, as after a power cut, is
// published again in its place.
func TestLostTail(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	n, err := cluster.StartNATS(t.Context(), dir, cluster.NATSOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Kill() })
	s := sinkTo(n)
	p := newSpeaker(t)
	one := s.again()
	r := run(t, &shelf{Store: p}, one)
	p.say(100)
	r.reaches(100)
	again := func() {
		t.Helper()
		if err := n.Start(); err != nil {
			t.Fatal(err)
		}
		if err := n.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := n.Stop(); err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	again()
	p.say(200)
	r.reaches(300)
	if err := n.Kill(); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.CopyFS(dir, os.DirFS(copied)); err != nil {
		t.Fatal(err)
	}
	again()
	p.say(50)
	r.reaches(350)
	same(t, s.reader(t).messages(), p.all())
	if got := one.State().Restored; got != 200 || len(one.Conditions()) != 0 {
		t.Errorf("%d messages were restored; conditions %v", got, one.Conditions())
	}
}

// TestKept: what is kept is bounded in number and bytes.
func TestKept(t *testing.T) {
	var s Sink
	for n := range uint64(keptMessages + 100) {
		s.keep([]*sent{{at: n, m: journal.Message{Wire: make([]byte, 10)}}})
	}
	if len(s.kept) != keptMessages || s.kept[0].at != 100 || s.keptSize != 10*keptMessages {
		t.Errorf("%d are kept from %d on, %d bytes", len(s.kept), s.kept[0].at, s.keptSize)
	}
	s.keep([]*sent{{at: 1 << 20, m: journal.Message{Wire: make([]byte, keptBytes-5)}}})
	if len(s.kept) != 1 || s.keptSize != keptBytes-5 {
		t.Errorf("%d are kept, %d bytes", len(s.kept), s.keptSize)
	}
}
