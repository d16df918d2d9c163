package wire

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"busbar/common/event"
	"busbar/common/journal"
	"busbar/common/sign"
)

const pki = "../../fixtures/wire/pki/"

type noteBody struct {
	Text string `json:"text"`
}

// noteKind is what the tests of publisher and follower say.
func noteKind() *event.Kind {
	return event.Define("notes.note.create", "somebody wrote a note", func(b noteBody) string { return b.Text }, nil)
}

const noteTopic = "org.example.dev.notes.note.create"

func testIdentity() journal.Identity {
	return journal.Identity{Prefix: "org.example", Environment: "dev", Name: "notes.host", Username: "notes"}
}

func testSigner(t testing.TB, name string) *sign.Signer {
	t.Helper()
	s, err := sign.LoadSigner(pki+name+".crt", pki+name+".key")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const goodSigner = "bridge-feeder.example.org"

func testVerifier(t testing.TB, policy map[string][]string) *sign.Verifier {
	t.Helper()
	v, err := sign.NewVerifier(sign.VerifierOptions{
		CAFile: pki + "ca.crt", CRLFile: pki + "crl.pem",
		Policy: sign.Policy{Topics: policy, Nitpicky: len(policy) > 0},
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func testJournal(t testing.TB) *journal.Journal {
	t.Helper()
	j, err := journal.Open(context.Background(), journal.Options{
		Path: filepath.Join(t.TempDir(), "journal.db"), Identity: testIdentity(), Seal: testSigner(t, goodSigner).Seal,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j
}

// write appends notes numbered from first to last; size is that of their text.
func write(t testing.TB, j *journal.Journal, first, last, size int) {
	t.Helper()
	kind := noteKind()
	done := make(chan error, last-first+1)
	for i := first; i <= last; i++ {
		e := event.Event{Kind: kind, Key: fmt.Sprint(i), Time: time.Unix(1.7e9, 0), Body: noteBody{fmt.Sprint(i) + strings.Repeat("-", size)}}
		j.Submit(journal.Record{Origin: "test", Received: time.Now(), Events: []event.Event{e}}, func(_ journal.Result, err error) { done <- err })
	}
	for range last - first + 1 {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
}

func savedCursor(t testing.TB, j *journal.Journal) int64 {
	t.Helper()
	c, err := j.Reader().Cursors(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return c["zmq"]
}

// A running publisher tells its states one after the other.
type running struct {
	t      testing.TB
	states chan state
	cancel context.CancelFunc
	done   chan error
}

type state struct {
	pub *Pub
	err error
}

// start runs p. Each state waits until the test takes it, so that a test can
// subscribe before the first message goes out.
func start(t testing.TB, j *journal.Journal, p *Publisher) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{t: t, states: make(chan state), cancel: cancel, done: make(chan error, 1)}
	p.Journal, p.Identity, p.Sink = j, testIdentity(), "zmq"
	if p.Listen.Endpoints == nil {
		p.Listen.Endpoints = []string{"tcp://127.0.0.1:0"}
	}
	p.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	p.State = func(pub *Pub, err error) {
		select {
		case r.states <- state{pub, err}:
			if pub != nil {
				<-r.states // the test answers when it is ready
			}
		case <-ctx.Done():
		}
	}
	go func() { r.done <- p.Run(ctx) }()
	t.Cleanup(func() { cancel() })
	return r
}

// listening takes the state of a publisher that works, and holds it there.
func (r *running) listening() *Pub {
	r.t.Helper()
	select {
	case s := <-r.states:
		if s.err != nil {
			r.t.Fatalf("not publishing: %v", s.err)
		}
		return s.pub
	case <-time.After(patience):
		r.t.Fatal("the publisher says nothing")
	}
	return nil
}

// recovered takes the state of one that works again; it may have tried in vain
// until a moment ago.
func (r *running) recovered() *Pub {
	r.t.Helper()
	for {
		select {
		case s := <-r.states:
			if s.err == nil {
				return s.pub
			}
		case <-time.After(patience):
			r.t.Fatal("the publisher says nothing")
		}
	}
}

func (r *running) goOn() { r.states <- state{} }

// trouble takes the state of one that does not.
func (r *running) trouble() error {
	r.t.Helper()
	select {
	case s := <-r.states:
		if s.err == nil {
			r.t.Fatal("the publisher says that it works")
		}
		return s.err
	case <-time.After(patience):
		r.t.Fatal("the publisher says nothing")
	}
	return nil
}

func (r *running) stop() {
	r.t.Helper()
	r.cancel()
	select {
	case err := <-r.done:
		if err != nil {
			r.t.Fatalf("Run: %v", err)
		}
	case <-time.After(patience):
		r.t.Fatal("Run does not end")
	}
}

// follow subscribes to pub, surely: what is sent from now on arrives.
func follow(t testing.TB, pub *Pub, v *sign.Verifier) *Follower {
	t.Helper()
	before := pub.Stats().Connects
	f, err := Follow(context.Background(), FollowOptions{Endpoints: pub.Endpoints(), Verifier: v})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	eventually(t, "the follower is connected", func() bool { return pub.Stats().Connects > before })
	if err := pub.WaitSubscriber(soon(t), noteTopic); err != nil {
		t.Fatal(err)
	}
	return f
}

func next(t testing.TB, f *Follower) Delivery {
	t.Helper()
	d, err := f.Next(soon(t))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// expectNotes takes the messages from first to last, verified and without a
// gap; heartbeats may come between.
func expectNotes(t testing.TB, f *Follower, first, last int64) {
	t.Helper()
	for want := first; want <= last; {
		d := next(t, f)
		if d.Heartbeat && d.Err == nil && d.Gap == nil {
			continue
		}
		if d.Err != nil || d.Gap != nil || d.Duplicate || d.Envelope.Seq != want || d.Verdict.Signer != goodSigner {
			t.Fatalf("where %d was due, %d came: error %v, gap %v, duplicate %v, signer %q",
				want, d.Envelope.Seq, d.Err, d.Gap, d.Duplicate, d.Verdict.Signer)
		}
		want++
	}
}
