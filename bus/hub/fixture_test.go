package hub

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"busbar/common/archive"
	"busbar/common/event"
)

const now = 1_790_000_000

// A message of the publisher, whose number says what it is about.
func message(t testing.TB, publisher string, seq int64) archive.Incoming {
	t.Helper()
	topic := []string{"debbugs.bug.create", "dak.source.accept"}[seq%2]
	e := event.Envelope{
		Topic: "org.debian.dev." + topic, Timestamp: now + seq, Username: "test", Publisher: publisher, Epoch: "e1", Seq: seq, I: seq,
		MsgID: event.FormatID(time.Unix(now, 0), event.UUID(publisher, fmt.Sprint(seq))), Title: fmt.Sprintf("%s says %d", publisher, seq),
	}
	if publisher == "" {
		e.Epoch, e.Seq = "", 0
	}
	msg, err := event.Tree(map[string]any{
		"package": fmt.Sprint("package-", seq%3), "bug": 7 + seq%2, "person": map[string]any{"name": "Nora <Ortega>", "email": "nora@example.org"},
	})
	if err != nil {
		t.Fatal(err)
	}
	e.Msg = msg
	wire, err := event.Canonical(e.Tree())
	if err != nil {
		t.Fatal(err)
	}
	m, err := archive.Read(wire)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// A testHub is the HTTP side with an archive.
type testHub struct {
	*server
	url string
}

func start(t testing.TB, change func(*serverOptions)) *testHub {
	t.Helper()
	a, err := archive.Open(context.Background(), archive.Options{Path: filepath.Join(t.TempDir(), "archive.db"), Time: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	return startOn(t, a, change)
}

func startOn(t testing.TB, a *archive.Archive, change func(*serverOptions)) *testHub {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	o := serverOptions{
		Prefix: "org.debian", Clients: 100, ClientsPerPeer: 100, Lease: time.Hour, Log: slog.New(slog.DiscardHandler),
		Now: func() time.Time { return time.Unix(now+5000, 0) }, Intake: func() intakeStatus { return intakeStatus{} },
	}
	if change != nil {
		change(&o)
	}
	s, err := newServer(ctx, a, o)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != context.Canceled {
			t.Errorf("the server ended with %v", err)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return &testHub{server: s, url: "http://" + l.Addr().String()}
}

func (h *testHub) append(t testing.TB, publisher string, from, to int64) {
	t.Helper()
	var b archive.Batch
	for seq := from; seq <= to; seq++ {
		b.Messages = append(b.Messages, message(t, publisher, seq))
	}
	if _, err := h.archive.Append(context.Background(), b); err != nil {
		t.Fatal(err)
	}
}

func get(t testing.TB, url string) (int, http.Header, string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(body)
}

// An sse is a client of /events.
type sse struct {
	t      testing.TB
	body   io.Closer
	lines  *bufio.Reader
	cancel func()
	id     string // of the newest event
}

// A seen is an event as a browser would have it.
type seen struct{ name, data, id string }

func (h *testHub) listen(t testing.TB, query, last string) *sse {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, h.url+"/events"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	if last != "" {
		req.Header.Set("Last-Event-ID", last)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") {
		t.Fatalf("/events%s is answered with %s", query, resp.Status)
	}
	c := &sse{t: t, body: resp.Body, lines: bufio.NewReader(resp.Body), cancel: cancel, id: last}
	t.Cleanup(c.close)
	return c
}

func (c *sse) close() {
	c.cancel()
	c.body.Close()
}

// next is the next event that a browser would hand on; ok is false at the end.
func (c *sse) next() (e seen, ok bool) {
	for {
		line, err := c.lines.ReadString('\n')
		if err != nil {
			return e, false
		}
		line = strings.TrimSuffix(line, "\n")
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "":
			if line == "" && e.data != "" {
				e.id = c.id
				return e, true
			}
			if line == "" {
				e = seen{}
			}
		case "id":
			c.id = value
		case "event":
			e.name = value
		case "data":
			e.data += value
		}
	}
}

// said is the publisher and number of the next message.
func (c *sse) said() string {
	c.t.Helper()
	e, ok := c.next()
	if !ok {
		c.t.Fatal("the stream has ended")
	}
	return c.tells(e)
}

// tells is the publisher and number of an event's message, or what else it is.
func (c *sse) tells(e seen) string {
	c.t.Helper()
	if e.name != "" {
		return e.name + " " + e.data
	}
	_, env, err := event.ParseMessage([]byte(e.data))
	if err != nil {
		c.t.Fatalf("%q: %v", e.data, err)
	}
	return strings.Replace(env.Title, " says ", "", 1)
}
