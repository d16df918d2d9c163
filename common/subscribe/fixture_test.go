package subscribe

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-zeromq/zmq4"
	"github.com/google/uuid"
	"go.uber.org/goleak"

	"busbar/common/event"
	"busbar/common/journal"
	"busbar/common/replay"
	"busbar/common/sign"
	"busbar/common/wire"
	"busbar/common/wire/guard"
	"busbar/fixtures/ports"
)

func TestMain(m *testing.M) {
	if os.Getenv("BUSBAR_TEST_CONSUMER") != "" {
		fmt.Fprintln(os.Stderr, consumer(os.Args[1:]))
		os.Exit(1)
	}
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("database/sql.(*DB).connectionOpener"), goleak.IgnoreAnyFunction("github.com/go-zeromq/zmq4.(*pubMWriter).run"))
}

const (
	pki        = "../../fixtures/wire/pki/"
	goodSigner = "bridge-feeder.example.org"
	longest    = 3 * time.Minute // only a failure waits so long
)

type noteBody struct {
	Text string `json:"text"`
}

var noteKind = event.Define("notes.note.create", "somebody wrote a note", func(b noteBody) string { return b.Text }, nil)

// A host is a publisher of the test's: a journal, its replay, and a PUB socket by
// which the test says what it likes.
type host struct {
	t         testing.TB
	name, dir string
	signer    *sign.Signer
	pad       string
	clock     time.Time

	j      *journal.Journal
	n      int // facts so far
	server *guard.Listener
	answer atomic.Pointer[replay.Server] // of the journal as it is now
	pub    *wire.Pub
	at     string // the list by which it is found
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

func newHost(t testing.TB, name string, signer *sign.Signer) *host {
	t.Helper()
	h := &host{t: t, name: name, dir: t.TempDir(), signer: signer, clock: time.Now()}
	h.open()
	pub, err := wire.Listen(context.Background(), wire.PubOptions{Endpoints: []string{free(t)}, Linger: -1})
	if err != nil {
		t.Fatal(err)
	}
	h.pub = pub
	h.serve()
	h.at = filepath.Join(t.TempDir(), "publishers.toml")
	text := fmt.Sprintf("[endpoints]\n%q = %q\n[replay_endpoints]\n%q = %q\n", name, pub.Endpoints()[0], name, h.server.Endpoints()[0])
	if err := os.WriteFile(h.at, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.server.Close(); h.pub.Close(); h.j.Close() })
	return h
}

func (h *host) identity() journal.Identity {
	return journal.Identity{Prefix: "org.example", Environment: "dev", Name: h.name, Username: "notes"}
}

func (h *host) path() string { return filepath.Join(h.dir, "journal.db") }

func (h *host) open() {
	h.t.Helper()
	o := journal.Options{
		Path: h.path(), Identity: h.identity(),
		Retention: journal.Retention{Age: time.Hour}, Now: func() time.Time { return h.clock },
	}
	if h.signer != nil {
		o.Seal = h.signer.Seal
	}
	j, err := journal.Open(context.Background(), o)
	if err != nil {
		h.t.Fatal(err)
	}
	h.j = j
}

// serve answers replay, from then on of the journal that is open.
func (h *host) serve() {
	h.t.Helper()
	h.answer.Store(replay.New(replay.Journal{Reader: h.j.Reader(), Publisher: h.name, Epoch: h.j.Epoch()}, nil))
	if h.server == nil {
		h.listen(free(h.t))
	}
}

// serverAgain listens where a server was that is closed.
func (h *host) serverAgain() { h.t.Helper(); h.listen(h.server.Endpoints()[0]) }

func (h *host) listen(at string) {
	h.t.Helper()
	l, err := guard.Listen(context.Background(), []string{at}, guard.Options{
		Type: zmq4.Rep, WriteTimeout: time.Second,
		Exchange: func(ctx context.Context, x *guard.Exchange) { h.answer.Load().Serve(ctx, x) },
	})
	if err != nil {
		h.t.Fatal(err)
	}
	h.server = l
}

// again closes the journal, does what is asked, and opens it.
func (h *host) again(change func()) {
	h.t.Helper()
	if err := h.j.Close(); err != nil {
		h.t.Fatal(err)
	}
	change()
	h.open()
	h.serve()
}

// write appends n new facts, one a second if they are few.
func (h *host) write(n int) {
	h.t.Helper()
	for n > 0 {
		var events []event.Event
		step := min(n, 100)
		if n > 50 {
			h.clock = h.clock.Add(time.Second)
		} else {
			step = 1
		}
		for range step {
			h.n++
			if step == 1 {
				h.clock = h.clock.Add(time.Second)
			}
			events = append(events, event.Event{Kind: noteKind, Key: h.name + fmt.Sprint(h.n), Time: h.clock, Body: noteBody{fmt.Sprint(h.n) + h.pad}})
		}
		if _, err := h.j.Append(context.Background(), journal.Record{Origin: "test", Received: h.clock, Events: events}); err != nil {
			h.t.Fatal(err)
		}
		n -= step
	}
}

// prune drops all but the newest keep.
func (h *host) prune(keep int) {
	h.t.Helper()
	now := h.clock
	h.clock = now.Add(time.Hour - time.Duration(keep)*time.Second + time.Second)
	if _, err := h.j.Prune(context.Background()); err != nil {
		h.t.Fatal(err)
	}
	h.clock = now
}

// say publishes what the journal has from one number to another.
func (h *host) say(from, to int64) {
	h.t.Helper()
	for m := range h.messages(from, to) {
		if err := h.pub.Send(m.Topic, m.Wire); err != nil {
			h.t.Fatal(err)
		}
	}
}

func (h *host) messages(from, to int64) func(func(journal.Message) bool) {
	return func(yield func(journal.Message) bool) {
		for from <= to {
			list, err := h.j.Reader().After(context.Background(), from-1, int(to-from+1))
			if err != nil || len(list) == 0 {
				h.t.Fatalf("reading message %d: %v", from, err)
			}
			for _, m := range list {
				if !yield(m) {
					return
				}
			}
			from = list[len(list)-1].Seq + 1
		}
	}
}

// beat says the newest number.
func (h *host) beat(newest int64) {
	h.t.Helper()
	now := time.Now()
	e := event.Envelope{
		Topic: "org.example.dev." + wire.HeartbeatTopic, MsgID: event.FormatID(now, uuid.New()), I: newest, Timestamp: now.Unix(),
		Username: "notes", Publisher: h.name, Epoch: h.j.Epoch(), Msg: map[string]any{"newest": newest, "interval": int64(30)},
	}
	m, err := event.Encode(e.Tree())
	if err == nil && h.signer != nil {
		err = h.signer.Seal(m)
	}
	if err == nil {
		err = h.pub.Send(e.Topic, m.Bytes())
	}
	if err != nil {
		h.t.Fatal(err)
	}
}

// subscribed waits until somebody would get what is said.
func (h *host) subscribed() {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), longest)
	defer cancel()
	if err := h.pub.WaitSubscriber(ctx, "org.example.dev.x"); err != nil {
		h.t.Fatal(err)
	}
}

func testSigner(t testing.TB, name string) *sign.Signer {
	t.Helper()
	s, err := sign.LoadSigner(pki+name+".crt", pki+name+".key")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func testVerifier(t testing.TB, policy map[string][]string) *sign.Verifier {
	t.Helper()
	v, err := sign.NewVerifier(sign.VerifierOptions{CAFile: pki + "ca.crt", CRLFile: pki + "crl.pem", Policy: sign.Policy{Topics: policy, Nitpicky: len(policy) > 0}})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// open subscribes to hosts.
func open(t testing.TB, o Options, hosts ...*host) *Subscriber {
	t.Helper()
	for _, h := range hosts {
		o.Publishers = append(o.Publishers, "file:"+h.at)
	}
	if o.File == "" && o.DB == nil {
		o.File = filepath.Join(t.TempDir(), "position")
	}
	o.Log = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
	s, err := Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// next takes one thing.
func next(t testing.TB, s *Subscriber) *Message {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), longest)
	defer cancel()
	m, err := s.Next(ctx)
	if err != nil {
		t.Fatalf("%v; %+v", err, s.Status())
	}
	return m
}

func ack(t testing.TB, s *Subscriber, ms ...*Message) {
	t.Helper()
	if err := s.Ack(context.Background(), ms...); err != nil {
		t.Fatal(err)
	}
}

// expect takes messages of these numbers, in this order, and acknowledges them; a gap
// is written as its text.
func expect(t testing.TB, s *Subscriber, want ...any) {
	t.Helper()
	for _, w := range want {
		m := next(t, s)
		var got any = m.Envelope.Seq
		if m.Gap != nil {
			got = fmt.Sprintf("%s %d-%d", m.Gap.Reason, m.Gap.From, m.Gap.To)
		}
		if n, ok := w.(int); ok {
			w = int64(n)
		}
		if got != w {
			t.Fatalf("%v came (%+v), want %v", got, m.Gap, w)
		}
		ack(t, s, m)
	}
}

func numbers(from, to int) (list []any) {
	for n := from; n <= to; n++ {
		list = append(list, n)
	}
	return list
}

// nothing checks that nothing waits.
func nothing(t testing.TB, s *Subscriber) {
	t.Helper()
	if n := s.Pending(); n != 0 {
		t.Fatalf("%d more messages wait, the first is %+v", n, next(t, s))
	}
}

// until waits for a condition.
func until(t testing.TB, s *Subscriber, what string, ok func(Status) bool) Status {
	t.Helper()
	for end := time.Now().Add(longest); ; time.Sleep(2 * time.Millisecond) { // between two looks at the condition
		st := s.Status()
		if ok(st) {
			return st
		}
		if time.Now().After(end) {
			t.Fatalf("%s: %+v", what, st)
		}
	}
}

// A proxy passes connections on, and cuts them when it is told to.
type proxy struct {
	l  net.Listener
	to string
	wg sync.WaitGroup

	mu    sync.Mutex
	conns map[net.Conn]bool
	shut  bool
}

func newProxy(t testing.TB, to string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{l: l, to: to, conns: map[net.Conn]bool{}}
	p.wg.Go(p.accept)
	t.Cleanup(func() { l.Close(); p.cut(true); p.wg.Wait() })
	return p
}

func (p *proxy) endpoint() string { return "tcp://" + p.l.Addr().String() }

func (p *proxy) accept() {
	for {
		in, err := p.l.Accept()
		if err != nil {
			return
		}
		out, err := net.DialTimeout("tcp", p.to, time.Second)
		if err != nil {
			in.Close()
			continue
		}
		p.mu.Lock()
		if p.shut {
			in.Close()
			out.Close()
			p.mu.Unlock()
			continue
		}
		p.conns[in], p.conns[out] = true, true
		p.mu.Unlock()
		p.wg.Go(func() { p.copy(in, out) })
		p.wg.Go(func() { p.copy(out, in) })
	}
}

func (p *proxy) copy(to, from net.Conn) {
	io.Copy(to, from)
	to.Close()
	from.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, from)
}

// cut ends all connections; shut refuses new ones until it is cut open again.
func (p *proxy) cut(shut bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shut = shut
	for c := range p.conns {
		c.Close()
	}
}
