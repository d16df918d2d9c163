package nats

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"busbar/common/drain"
	"busbar/common/drain/draintest"
	"busbar/fixtures/cluster"
)

// shared is one server for the tests that do nothing to it. Each has an account of its
// own there, and so all streams and subjects to itself.
type servers struct {
	mu       sync.Mutex
	dir      string
	one      *cluster.NATS
	accounts atomic.Int64
}

const (
	maxAccounts = 100
	password    = "correct horse"
)

var shared servers

func TestMain(m *testing.M) {
	code := m.Run()
	if shared.one != nil {
		if err := shared.one.Kill(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = max(code, 1)
		}
		os.RemoveAll(shared.dir)
	}
	os.Exit(code)
}

// start starts the server, once.
func (s *servers) start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.one != nil {
		return nil
	}
	var err error
	if s.dir, err = os.MkdirTemp("", "busbar-nats-"); err != nil {
		return err
	}
	config := "accounts {\n"
	for i := range maxAccounts {
		config += fmt.Sprintf("A%d { jetstream: enabled, users: [ { user: a%d, password: %q } ] }\n", i, i, password)
	}
	s.one, err = cluster.StartNATS(context.Background(), s.dir, cluster.NATSOptions{Config: config + "}\n"})
	if err != nil {
		return err
	}
	return os.WriteFile(s.dir+"/password", []byte(password+"\n"), 0o600)
}

// newSink is a sink to a stream of its own, at the shared server.
func newSink(t *testing.T) *Sink {
	t.Helper()
	if err := shared.start(); err != nil {
		t.Fatal(err)
	}
	n := shared.accounts.Add(1) - 1
	if n >= maxAccounts {
		t.Fatal("more accounts are needed")
	}
	s := sinkTo(shared.one)
	s.Access = Access{User: fmt.Sprint("a", n), PasswordFile: shared.dir + "/password"}
	return s
}

// ownServer is one that a test may freeze and kill.
func ownServer(t *testing.T, o cluster.NATSOptions) *cluster.NATS {
	t.Helper()
	n, err := cluster.StartNATS(context.Background(), t.TempDir(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		n.Thaw()
		if err := n.Kill(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Log(n.Log())
		}
	})
	return n
}

// sinkTo is a sink to a stream of a server, or of a cluster.
func sinkTo(nodes ...*cluster.NATS) *Sink {
	s := &Sink{Create: true, Stream: jetstream.StreamConfig{
		Name: "NOTES", Subjects: []string{"org.example.>"}, Storage: jetstream.FileStorage, Replicas: len(nodes),
	}}
	for _, n := range nodes {
		s.Servers = append(s.Servers, n.URL())
	}
	return s
}

// client is nats.go's own, which knows nothing of ours.
func (s *Sink) client(t testing.TB) jetstream.JetStream {
	t.Helper()
	access, err := s.Access.options()
	if err != nil {
		t.Fatal(err)
	}
	nc, err := nats.Connect(strings.Join(s.Servers, ","), append(access, nats.MaxReconnects(-1), nats.ReconnectWait(50*time.Millisecond), nats.Timeout(patience))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc, jetstream.WithDefaultTimeout(patience))
	if err != nil {
		t.Fatal(err)
	}
	return js
}

// make makes the stream before anything is forwarded.
func (s *Sink) make(t *testing.T, change func(*jetstream.StreamConfig)) jetstream.JetStream {
	t.Helper()
	js, c := s.client(t), s.Stream
	if change != nil {
		change(&c)
	}
	if _, err := js.CreateStream(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	return js
}

// A reader reads a stream from its beginning, as far as there is one.
type reader struct {
	t    *testing.T
	s    *Sink
	js   jetstream.JetStream
	next uint64
	list [][]byte
}

func (s *Sink) reader(t *testing.T) *reader {
	return &reader{t: t, s: s, js: s.client(t), next: 1}
}

// messages are all that the stream has, as they were published.
func (r *reader) messages() [][]byte {
	r.t.Helper()
	stream, err := r.js.Stream(context.Background(), r.s.Stream.Name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return nil
	}
	for err == nil && r.next <= stream.CachedInfo().State.LastSeq {
		var m *jetstream.RawStreamMsg
		if m, err = stream.GetMsg(context.Background(), r.next); err == nil {
			r.list = append(r.list, m.Data)
			r.next++
		}
	}
	if err != nil {
		r.t.Logf("reading the stream: %v", err)
	}
	return slices.Clone(r.list)
}

// TestIsASink runs the suite of all ways out against the real server.
func TestIsASink(t *testing.T) {
	draintest.Run(t, func(t *testing.T) draintest.Far {
		if strings.HasSuffix(t.Name(), "stalls") {
			return freezing(t)
		}
		s := newSink(t)
		return draintest.Far{
			Drain: func() *drain.Drain { return &drain.Drain{Sink: s.again()} }, Got: s.reader(t).messages, Once: true,
			Stall: func() func() { return nil }, // see freezing
		}
	})
}

// freezing is a far side that freezes as soon as it is connected to.
func freezing(t *testing.T) draintest.Far {
	n := ownServer(t, cluster.NATSOptions{})
	s := sinkTo(n)
	f := &freezer{Sink: s, freeze: func() {
		if err := n.Freeze(); err != nil {
			t.Error(err)
		}
	}}
	far := draintest.Far{Drain: func() *drain.Drain { return &drain.Drain{Sink: f} }, Got: s.reader(t).messages, Once: true}
	far.Stall = func() func() {
		f.now.Store(true)
		return func() {
			f.now.Store(false)
			if err := n.Thaw(); err != nil {
				t.Error(err)
			}
		}
	}
	return far
}

type freezer struct {
	*Sink
	freeze func()
	now    atomic.Bool
}

func (f *freezer) Open(ctx context.Context, link *drain.Link) (drain.Conn, error) {
	c, err := f.Sink.Open(ctx, link)
	if err == nil && f.now.Load() {
		f.freeze()
	}
	return c, err
}

// again is a sink to the same stream as a new start of the program makes it.
func (s *Sink) again() *Sink {
	return &Sink{Servers: s.Servers, Access: s.Access, Stream: s.Stream, Create: s.Create, Log: s.Log}
}
