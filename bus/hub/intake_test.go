package hub

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-zeromq/zmq4"

	"busbar/common/archive"
	"busbar/common/event"
	"busbar/common/journal"
	"busbar/common/programtest"
	"busbar/common/replay"
	"busbar/common/subscribe"
	"busbar/common/wire"
	"busbar/common/wire/guard"
)

// A notary is a publisher of notes, with replay.
type notary struct {
	t       *testing.T
	journal *journal.Journal
	list    string // where it is found
	written int
}

func newNotary(t *testing.T) *notary {
	t.Helper()
	dir, ctx := t.TempDir(), context.Background()
	id := journal.Identity{Prefix: "org.example", Environment: "dev", Name: "notes.host", Username: "notes"}
	j, err := journal.Open(ctx, journal.Options{Path: filepath.Join(dir, "journal.db"), Identity: id})
	if err != nil {
		t.Fatal(err)
	}
	server := replay.New(replay.Journal{Reader: j.Reader(), Publisher: id.Name, Epoch: j.Epoch()}, nil)
	again, err := guard.Listen(ctx, []string{"tcp://127.0.0.1:0"}, guard.Options{Type: zmq4.Rep, Exchange: server.Serve})
	if err != nil {
		t.Fatal(err)
	}
	at := make(chan string, 1)
	p := &wire.Publisher{
		Journal: j, Identity: id, Sink: "zmq", Every: 100 * time.Millisecond, Listen: wire.PubOptions{Endpoints: []string{"tcp://127.0.0.1:0"}},
		State: func(pub *wire.Pub, err error) {
			if err == nil {
				at <- pub.Endpoints()[0]
			}
		},
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error)
	go func() { ended <- p.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-ended
		if err := errors.Join(again.Close(), j.Close()); err != nil {
			t.Error(err)
		}
	})
	n := &notary{t: t, journal: j, list: filepath.Join(dir, "publishers.toml")}
	text := fmt.Sprintf("[endpoints]\nnotes = %q\n[replay_endpoints]\nnotes = %q\n", <-at, again.Endpoints()[0])
	if err := os.WriteFile(n.list, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return n
}

func (n *notary) write(count int) {
	n.t.Helper()
	kind := event.Define("notes.note.create", "somebody wrote a note", func(n int) string { return fmt.Sprint("note ", n) }, nil)
	for range count {
		n.written++
		r := journal.Record{Origin: "test", Received: time.Now(), Events: []event.Event{{Kind: kind, Key: fmt.Sprint(n.written), Time: time.Now(), Body: n.written}}}
		if _, err := n.journal.Append(context.Background(), r); err != nil {
			n.t.Fatal(err)
		}
	}
}

// keep runs an intake on the archive at path until it has all notes.
func (n *notary) keep(path string) {
	n.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	a, err := archive.Open(ctx, archive.Options{Path: path})
	if err != nil {
		n.t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	s, err := subscribe.Open(ctx, subscribe.Options{Publishers: []string{"file:" + n.list}, DB: a.DB(), From: subscribe.Start(), Log: log})
	if err != nil {
		n.t.Fatal(err)
	}
	ended := make(chan error)
	go func() { ended <- (&intake{subscriber: s, archive: a, log: log}).run(ctx) }()
	want, end := int64(n.written), time.Now().Add(programtest.Patience)
	for newest := int64(0); newest < want && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if _, newest, err = a.Range(ctx); err != nil {
			n.t.Fatal(err)
		}
	}
	list, err := a.Numbers(ctx, "notes.host", n.journal.Epoch(), 1, 1000)
	if err != nil || len(list) != n.written {
		n.t.Fatalf("%d of %d notes are in the archive, %v", len(list), n.written, err)
	}
	for i, m := range list {
		if m.Seq != int64(i+1) || m.N != int64(i+1) {
			n.t.Fatalf("arrival %d is note %d, want note %d", m.N, m.Seq, i+1)
		}
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		n.t.Errorf("the intake ended with %v", err)
	}
	if err := errors.Join(s.Close(), a.Close()); err != nil {
		n.t.Error(err)
	}
}

// TestIntake: what was said while the hub was away is there when it is back, also
// where its archive was put back to an older copy.
func TestIntake(t *testing.T) {
	n, dir := newNotary(t), t.TempDir()
	path, older := filepath.Join(dir, "archive.db"), filepath.Join(dir, "older.db")
	n.write(40)
	n.keep(path)
	copied, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(older, copied, 0o600); err != nil {
		t.Fatal(err)
	}
	n.write(300)
	n.keep(path)
	n.write(5)
	n.keep(path)
	n.keep(older)
}
