package hub

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"busbar/common/archive"
	"busbar/common/condition"
	"busbar/common/event"
	"busbar/common/programtest"
	"busbar/common/replay"
	"busbar/common/subscribe"
	"busbar/common/wire"
)

// A post is a hub's ways out by ZeroMQ, on an archive.
type post struct {
	t          *testing.T
	archive    *archive.Archive
	outlet     *outlet
	conditions *condition.Set
	server     *replay.Server
	address    string
	stop       func()
}

// forOne waits for a subscriber, however long that takes on a busy machine.
func forOne(ctx context.Context, pub *wire.Pub) bool {
	return pub.WaitSubscriber(ctx, "org.debian.dev.dak.x") == nil
}

func newPost(t *testing.T, a *archive.Archive, address string, b *beats, settle func(context.Context, *wire.Pub) bool) *post {
	t.Helper()
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	p := &post{t: t, archive: a, conditions: &condition.Set{}, server: replay.New(retold{a}, nil), address: "tcp://" + address}
	p.outlet = &outlet{
		archive: a, listen: wire.PubOptions{Endpoints: []string{p.address}, Exchange: p.server.Serve}, settle: settle,
		beats: b, conditions: p.conditions, log: log,
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.outlet.run(ctx) }()
	p.stop = func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("the outlet ended with %v", err)
		}
		ended <- context.Canceled
	}
	t.Cleanup(p.stop)
	return p
}

// listens waits until the outlet does.
func (p *post) listens() {
	p.t.Helper()
	wait(p.t, "the port", func() bool { pub, _, _ := p.outlet.now(); return pub != nil })
}

func freeAddress(t *testing.T) string {
	t.Helper()
	address, err := programtest.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	return address
}

func openArchive(t *testing.T) *archive.Archive {
	t.Helper()
	a, err := archive.Open(t.Context(), archive.Options{Path: filepath.Join(t.TempDir(), "archive.db"), Time: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	return a
}

func keep(t *testing.T, a *archive.Archive, b archive.Batch) {
	t.Helper()
	if _, err := a.Append(context.Background(), b); err != nil {
		t.Fatal(err)
	}
}

// ofSubject is what a publisher says of a fact that another one may say, too.
func ofSubject(t *testing.T, publisher string, seq, fact int64) archive.Incoming {
	t.Helper()
	m := message(t, publisher, seq)
	e := m.Envelope
	e.MsgID = event.FormatID(time.Unix(now, 0), event.UUID("shared", fmt.Sprint(fact)))
	e.Topic = "org.debian.dev.debbugs.bug.create"
	wire, err := event.Canonical(e.Tree())
	if err != nil {
		t.Fatal(err)
	}
	if m, err = archive.Read(wire); err != nil {
		t.Fatal(err)
	}
	return m
}

// hears takes what a subscriber gets, until it is n messages.
func hears(t *testing.T, sub *wire.Sub, n int) (list []wire.Frame) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), programtest.Patience)
	defer cancel()
	for len(list) < n {
		f, err := sub.Next(ctx)
		if err != nil {
			t.Fatalf("after %d of %d messages: %v", len(list), n, err)
		}
		list = append(list, f)
	}
	return list
}

// TestPublishedAsItCame: what comes into the archive is published, frame by frame and
// byte by byte, in order, also what another publisher said before, and goes on there
// after a restart, without what went before.
func TestPublishedAsItCame(t *testing.T) {
	a, address := openArchive(t), freeAddress(t)
	keep(t, a, archive.Batch{Messages: []archive.Incoming{message(t, "old", 1)}}) // before it ever published
	p := newPost(t, a, address, newBeats(), forOne)
	p.listens()
	sub, err := wire.Subscribe(t.Context(), wire.SubOptions{Endpoints: []string{p.address}})
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	var want []archive.Incoming
	put := func(b archive.Batch) {
		keep(t, a, b)
		want = append(want, b.Messages...)
	}
	put(archive.Batch{Messages: []archive.Incoming{message(t, "one", 1), message(t, "", 77), ofSubject(t, "one", 2, 5), ofSubject(t, "two", 1, 5), message(t, "two", 2)}})
	put(archive.Batch{
		Messages: []archive.Incoming{message(t, "one", 9), ofSubject(t, "two", 3, 5)},
		Gaps:     []archive.Gap{{Publisher: "one", Epoch: "e1", First: 3, Last: 8, Reason: "retention", Time: time.Now()}},
	})
	put(archive.Batch{Messages: []archive.Incoming{ofSubject(t, "one", 10, 6)}})
	put(archive.Batch{Messages: []archive.Incoming{ofSubject(t, "two", 4, 6)}}) // a copy alone
	check := func() {
		t.Helper()
		for i, f := range hears(t, sub, len(want)) {
			if f.Frames != 2 || f.Topic != want[i].Envelope.Topic || string(f.Body) != string(want[i].Wire) {
				t.Errorf("message %d is %s %s, want %s", i, f.Topic, f.Body, want[i].Wire)
			}
		}
		want = nil
	}
	check()
	p.stop()
	put(archive.Batch{Messages: []archive.Incoming{message(t, "one", 11), message(t, "one", 12)}})
	p = newPost(t, a, address, newBeats(), forOne)
	p.listens()
	put(archive.Batch{Messages: []archive.Incoming{message(t, "two", 5)}})
	check()
	if list, err := a.Positions(t.Context()); err != nil || len(list) != 1 {
		t.Errorf("positions %v, %v", list, err)
	}
}

// TestHeartbeatsWait: one is passed on when all that it tells of was said, or is known
// not to come; each once.
func TestHeartbeatsWait(t *testing.T) {
	a, b := openArchive(t), newBeats()
	p := newPost(t, a, freeAddress(t), b, forOne)
	p.listens() // what it begins behind is known
	sub, err := wire.Subscribe(t.Context(), wire.SubOptions{Endpoints: []string{p.address}})
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	beat := func(id string, newest int64) {
		b.hear(subscribe.Heartbeat{Topic: "org.debian.dev.busbar._heartbeat", Body: []byte(id), ID: id, Publisher: "one", Epoch: "e1", Newest: newest})
	}
	one := func() string { f := hears(t, sub, 1)[0]; return f.Topic + " " + string(f.Body) }
	beat("early", 2)
	keep(t, a, archive.Batch{Messages: []archive.Incoming{message(t, "one", 1)}})
	if got := one(); !strings.Contains(got, `"seq_id":1`) {
		t.Errorf("first came %s", got)
	}
	keep(t, a, archive.Batch{Messages: []archive.Incoming{message(t, "one", 2)}})
	if got := one(); !strings.Contains(got, `"seq_id":2`) {
		t.Errorf("then came %s", got)
	}
	if got := one(); !strings.HasSuffix(got, " early") {
		t.Errorf("then came %s", got)
	}
	beat("early", 2) // from a hub that follows this one
	beat("gap", 4)
	keep(t, a, archive.Batch{Gaps: []archive.Gap{{Publisher: "one", Epoch: "e1", First: 3, Last: 4, Reason: "missing", Time: time.Now()}}})
	if got := one(); !strings.HasSuffix(got, " gap") {
		t.Errorf("behind the gap came %s", got)
	}
	if list := b.due(time.Now().Add(2*beatWaits), func(sequence, int64) bool { return false }); len(list)+len(b.waiting) != 0 {
		t.Errorf("%v wait for ever", b.waiting)
	}
}

// TestTakenPort: a taken port is said, tried again, and hurts nothing else.
func TestTakenPort(t *testing.T) {
	a, address := openArchive(t), freeAddress(t)
	busy, err := wire.Listen(t.Context(), wire.PubOptions{Endpoints: []string{"tcp://" + address}})
	if err != nil {
		t.Fatal(err)
	}
	p := newPost(t, a, address, newBeats(), forOne)
	wait(t, "the condition", func() bool { return len(p.conditions.All()) == 1 })
	if c := p.conditions.All()[0]; c.Name != "publish" || c.Level != condition.Fail || !strings.Contains(c.Text, "ss -ltnp") {
		t.Errorf("the condition is %+v", c)
	}
	busy.Close()
	wait(t, "the port", func() bool { return len(p.conditions.All()) == 0 })
	keep(t, a, archive.Batch{Messages: []archive.Incoming{message(t, "one", 1)}})
	sub, err := wire.Subscribe(t.Context(), wire.SubOptions{Endpoints: []string{p.address}})
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	hears(t, sub, 1)
}

func wait(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(programtest.Patience); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// TestFollowTheHubAlone: who knows nobody but the hub misses nothing: not what was said
// before and while it was away, nor the last message before all is quiet, also when the
// publisher is gone.
func TestFollowTheHubAlone(t *testing.T) {
	n, a, b := newNotary(t), openArchive(t), newBeats()
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	s, err := subscribe.Open(t.Context(), subscribe.Options{Publishers: []string{"file:" + n.list}, DB: a.DB(), From: subscribe.Start(), Log: log, OnHeartbeat: b.hear})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- (&intake{subscriber: s, archive: a, log: log}).run(ctx) }()
	end := func() { cancel(); <-ended; s.Close(); ended <- nil }
	defer end()
	p := newPost(t, a, freeAddress(t), b, forSubscribers)
	file := filepath.Join(t.TempDir(), "position")
	at := int64(0)
	follow := func(count int) {
		t.Helper()
		f, err := subscribe.Open(t.Context(), subscribe.Options{Publishers: []string{p.address}, File: file, From: subscribe.Start(), Log: log})
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		ctx, cancel := context.WithTimeout(t.Context(), programtest.Patience)
		defer cancel()
		for range count {
			m, err := f.Next(ctx)
			if err != nil {
				t.Fatalf("behind note %d: %v; %+v", at, err, f.Status())
			}
			if at++; m.Gap != nil || m.Envelope.Seq != at || m.Envelope.Publisher != "notes.host" {
				t.Fatalf("note %d came, %v, want note %d", m.Envelope.Seq, m.Gap, at)
			}
			if err := f.Ack(ctx, m); err != nil {
				t.Fatal(err)
			}
		}
		if f.Pending() > 0 {
			t.Error("there is more than was said")
		}
	}
	n.write(300)
	follow(300) // nothing new is said: heartbeats alone tell
	n.write(200)
	wait(t, "the archive", func() bool { _, newest, err := a.Range(t.Context()); return err == nil && newest == 500 })
	end() // nobody says anything any more
	follow(200)
}

// TestArchiveAsSource: what an archive answers to fedmsg's queries and to streams.
func TestArchiveAsSource(t *testing.T) {
	a := openArchive(t)
	var both []archive.Incoming
	for i := int64(1); i <= 9; i++ {
		both = append(both, message(t, "one", i))
		if i > 4 {
			both = append(both, message(t, "two", i))
		}
	}
	both = append(both, message(t, "", 20))
	keep(t, a, archive.Batch{Messages: both[:3]})
	keep(t, a, archive.Batch{Messages: both[3:], Gaps: []archive.Gap{
		{Publisher: "two", Epoch: "e1", First: 1, Last: 4, Reason: "retention", Time: time.Now()},
		{Publisher: "two", Epoch: "e1", First: 10, Last: 12, Reason: "missing", Time: time.Now(), Before: len(both) - 3},
	}})
	keep(t, a, archive.Batch{Messages: []archive.Incoming{message(t, "two", 14)}})
	p := newPost(t, a, freeAddress(t), newBeats(), forSubscribers)
	p.listens()
	all := slices.Clone(both)
	slices.SortStableFunc(all, func(x, y archive.Incoming) int { return int(x.Envelope.Timestamp - y.Envelope.Timestamp) })
	id := both[0].Envelope.MsgID
	for query, want := range map[string][]archive.Incoming{
		`{}`:                             append(slices.Insert(slices.Clone(all[:len(all)-1]), len(all)-1, message(t, "two", 14)), all[len(all)-1]),
		fmt.Sprintf(`{"msg_id":%q}`, id): both[:1],
		fmt.Sprintf(`{"msg_ids":[%q,"2026-x"]}`, id):                  both[:1],
		fmt.Sprintf(`{"time":[%d,%d]}`, now+4, now+5):                 all[3:6],
		fmt.Sprintf(`{"time":[%d,%d],"msg_id":%q}`, now+4, now+5, id): append(slices.Clone(both[:1]), all[3:6]...),
		`{"publisher":"one","seq_id_range":[2,4]}`:                    both[2:4],
		`{"publisher":"two","epoch":"e1","seq_ids":[14,3]}`:           {message(t, "two", 14)},
	} {
		got := asks(t, p.address, query)
		if len(got) != len(want) {
			t.Errorf("%s: %d messages, want %d", query, len(got), len(want))
			continue
		}
		for i := range got {
			if got[i] != string(want[i].Wire) {
				t.Errorf("%s: message %d is %s, want %s", query, i, got[i], want[i].Wire)
			}
		}
	}
	for query, want := range map[string]string{
		`{"seq_id":3}`: "several publishers", `{"msg_id":"2026-x"}`: "no match", `{"publisher":"none","seq_id":1}`: "no match",
		`{"publisher":5}`: "publisher", `not json`: "not a JSON object", `{"other":1}`: "Unsupported", `{"time":[5,4]}`: "no match",
	} {
		if got := asks(t, p.address, query); len(got) != 1 || !strings.HasPrefix(got[0], "error: '") || !strings.Contains(got[0], want) {
			t.Errorf("%s: %q", query, got)
		}
	}
	var client replay.Client
	fetch := func(r replay.Range) (list []int64, err error) {
		err = client.Fetch(t.Context(), p.address, r, func(topic string, body []byte) error {
			_, e, err := event.ParseMessage(body)
			list = append(list, e.Seq)
			return err
		})
		return list, err
	}
	var gone *replay.GoneError
	var absent *replay.AbsentError
	var other *replay.EpochError
	if list, err := fetch(replay.Range{Publisher: "one", From: 2}); err != nil || len(list) != 8 || list[0] != 2 {
		t.Errorf("a stream has %v, %v", list, err)
	}
	if list, err := fetch(replay.Range{Publisher: "one", Since: time.Unix(now+7, 0)}); err != nil || !slices.Equal(list, []int64{7, 8, 9}) {
		t.Errorf("since a time there is %v, %v", list, err)
	}
	if list, err := fetch(replay.Range{Publisher: "two", Epoch: "e1", From: 8}); !errors.As(err, &gone) || gone.Next != 10 || gone.Oldest != 14 || len(list) != 2 {
		t.Errorf("over a gap: %v, %v", list, err)
	}
	if _, err := fetch(replay.Range{Publisher: "two", Epoch: "e1", From: 10, To: 12}); !errors.As(err, &gone) || gone.Oldest != 14 {
		t.Errorf("of a gap: %v", err)
	}
	if _, err := fetch(replay.Range{Publisher: "one", Epoch: "e1", From: 10, To: 12}); !errors.As(err, &absent) || !absent.Archive || absent.Newest != 9 {
		t.Errorf("beyond the end: %v", err)
	}
	for _, r := range []replay.Range{{}, {Publisher: "one", Epoch: "e2"}, {Publisher: "none"}, {Publisher: "none", Epoch: "e"}} {
		if _, err := fetch(r); !errors.As(err, &other) || !other.Archive {
			t.Errorf("%s: %v", r, err)
		}
	}
	keep(t, a, archive.Batch{Gaps: []archive.Gap{{Publisher: "one", Epoch: "e1", First: 10, Last: 11, Reason: "missing", Time: time.Now()}}})
	if _, err := fetch(replay.Range{Publisher: "one", Epoch: "e1", From: 10, To: 11}); !errors.As(err, &gone) || gone.Next != 10 || gone.Oldest != 0 {
		t.Errorf("of a gap at the end: %v", err)
	}
}
