package replay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-zeromq/zmq4"
	"go.uber.org/goleak"

	"busbar/common/event"
	"busbar/common/journal"
	"busbar/common/wire/guard"
	"busbar/fixtures/leaks"
	"busbar/fixtures/ports"
)

func TestMain(m *testing.M) {
	if serveInAProcess() {
		return
	}
	os.Exit(leaks.Run(m, goleak.IgnoreTopFunction("database/sql.(*DB).connectionOpener")))
}

const patience = 3 * time.Minute // only a failure waits so long

// began is when the first message of a test's journal was taken; the others follow,
// one a second.
var began = time.Date(2024, 5, 17, 10, 30, 0, 0, time.UTC)

type noteBody struct {
	N   int    `json:"n"`
	Who string `json:"who"`
	Pad string `json:"pad,omitempty"`
}

var noteKind = event.Define("notes.note.create", "somebody wrote a note", func(b noteBody) string { return fmt.Sprint("note ", b.N) }, nil)

// A book is a journal that a test fills.
type book struct {
	*journal.Journal
	t    testing.TB
	path string

	mu  sync.Mutex
	n   int
	now time.Time
}

func newBook(t testing.TB, n int) *book {
	t.Helper()
	b := &book{t: t, now: began, path: filepath.Join(t.TempDir(), "notes.journal")}
	b.open()
	t.Cleanup(func() { b.Close() })
	b.add(n, 0)
	return b
}

func (b *book) open() {
	b.t.Helper()
	j, err := journal.Open(context.Background(), journal.Options{
		Path: b.path, Identity: journal.Identity{Prefix: "org.example", Environment: "dev", Name: "notes.host", Username: "tester"},
		Retention: journal.Retention{Age: time.Hour}, Now: b.clock,
	})
	if err != nil {
		b.t.Fatal(err)
	}
	b.Journal = j
}

func (b *book) clock() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now
}

func (b *book) set(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = now
}

// add appends n notes with so many bytes of padding. Few are taken one a second; many
// share the second of the last, to be quick.
func (b *book) add(n, pad int) {
	b.t.Helper()
	step := 1
	if n > 50 {
		step = 100
	}
	for at := 0; at < n; at += step {
		var events []event.Event
		for range min(step, n-at) {
			b.n++
			events = append(events, event.Event{Kind: noteKind, Key: fmt.Sprint(b.n), Time: began, Body: noteBody{N: b.n, Who: "Zoë", Pad: strings.Repeat("x", pad)}})
		}
		b.set(began.Add(time.Duration(b.n-1) * time.Second))
		if _, err := b.Append(context.Background(), journal.Record{Origin: "test", Received: began, Events: events}); err != nil {
			b.t.Fatal(err)
		}
	}
}

// prune drops the messages before number n.
func (b *book) prune(n int) {
	b.t.Helper()
	b.set(began.Add(time.Hour + time.Duration(n-1)*time.Second))
	if _, err := b.Prune(context.Background()); err != nil {
		b.t.Fatal(err)
	}
	if oldest, _, err := b.Reader().Span(context.Background()); err != nil || oldest != int64(n) {
		b.t.Fatalf("the oldest is %d, %v; want %d", oldest, err, n)
	}
}

func (b *book) source() Journal {
	return Journal{Reader: b.Reader(), Publisher: "notes.host", Epoch: b.Epoch()}
}

// bodies are the messages from one number to another as the journal has them.
func (b *book) bodies(from, to int) [][]byte {
	b.t.Helper()
	var list [][]byte
	err := b.Reader().Each(context.Background(), int64(from), int64(to), func(_ int64, _ string, wire []byte) bool {
		list = append(list, bytes.Clone(wire))
		return true
	})
	if err != nil || len(list) != to-from+1 {
		b.t.Fatalf("%d messages from %d to %d, %v", len(list), from, to, err)
	}
	return list
}

// serve listens for who asks, and gives the endpoint.
func serve(t testing.TB, s *Server) string {
	t.Helper()
	return serveWithin(t, s, patience)
}

// serveWithin cuts off who takes nothing for so long.
func serveWithin(t testing.TB, s *Server, within time.Duration) string {
	t.Helper()
	l, err := guard.Listen(context.Background(), []string{free(t)}, guard.Options{Type: zmq4.Rep, Exchange: s.Serve, WriteTimeout: within})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.Endpoints()[0]
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

func soon(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// fetchAll fetches a range and compares it with what the journal has.
func fetchAll(t testing.TB, c *Client, endpoint string, r Range, want [][]byte) error {
	t.Helper()
	n := 0
	err := c.Fetch(soon(t), endpoint, r, func(topic string, body []byte) error {
		if n >= len(want) || topic != "org.example.dev.notes.note.create" || !bytes.Equal(body, want[n]) {
			return fmt.Errorf("message %d is %q %.200q", n, topic, body)
		}
		n++
		return nil
	})
	if n != len(want) {
		return fmt.Errorf("%d messages of %d came: %w", n, len(want), errors.Join(err, errors.New("not all came")))
	}
	return err
}

// ask sends a message to the server as a DEALER, and reads what it answers.
func ask(t testing.TB, endpoint string, frames ...string) *raw {
	t.Helper()
	x, err := guard.DialExchange(soon(t), endpoint, guard.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.Close() })
	x.Until(time.Now().Add(patience))
	r := &raw{t, x}
	r.send(frames...)
	return r
}

type raw struct {
	t testing.TB
	*guard.Exchange
}

func (r *raw) send(frames ...string) {
	r.t.Helper()
	var b []byte
	for i, f := range frames {
		b = guard.AppendFrame(b, i < len(frames)-1, []byte(f))
	}
	if err := r.Write(b); err != nil {
		r.t.Fatal(err)
	}
}

// message is the next one, of any number of frames.
func (r *raw) message() []string {
	r.t.Helper()
	var list []string
	for more := true; more; {
		body, further, err := r.Frame()
		if err != nil {
			r.t.Fatalf("after %.200q: %v", list, err)
		}
		list, more = append(list, string(body)), further
	}
	return list
}

// over waits for the end of the connection.
func (r *raw) over() {
	r.t.Helper()
	for {
		if _, _, err := r.Frame(); err != nil {
			if isTimeout(err) {
				r.t.Fatal("the connection stays open")
			}
			return
		}
	}
}

func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !is(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}
