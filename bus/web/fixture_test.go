package web

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"busbar/bus/bustest"
	"busbar/bus/kinds"
	"busbar/common/archive"
	"busbar/common/event"
)

// now is the time of the pages.
var now = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

// A testSite is the pages of an archive.
type testSite struct {
	*archive.Archive
	t   testing.TB
	url string
	n   int64

	badges string // the file with who earned what; none is there yet
}

func newSite(t testing.TB) *testSite {
	t.Helper()
	present, err := kinds.Present()
	if err != nil {
		t.Fatal(err)
	}
	a, err := archive.Open(context.Background(), archive.Options{Path: filepath.Join(t.TempDir(), "archive.db"), Time: time.Minute, States: present})
	if err != nil {
		t.Fatal(err)
	}
	badges := filepath.Join(t.TempDir(), "badges.db")
	routes, err := Routes(Options{
		Badges: badges, Archive: a.Reader, Prefix: "org.debian", Now: func() time.Time { return now }, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
		Position: func(n int64) string { return fmt.Sprint("*:e:", n) },
		Health: func(context.Context) (Health, error) {
			return Health{Version: "1", Publishers: []Publisher{{Name: hostile, Lag: 3, Last: &now}}, Gaps: []Gap{{Publisher: hostile, Reason: hostile}}, Canaries: []Canary{{Channel: hostile, Late: true}}}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	for _, r := range routes {
		mux.HandleFunc(r.Pattern, r.Serve)
	}
	server := httptest.NewServer(mux)
	t.Cleanup(func() {
		server.Close()
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return &testSite{Archive: a, t: t, url: server.URL, badges: badges}
}

// say puts a message into the archive, each a minute behind the one before, and gives
// its bytes.
func (s *testSite) say(e event.Envelope) []byte {
	s.t.Helper()
	s.n++
	if e.Timestamp == 0 {
		e.Timestamp = now.Add(-10*time.Hour).Unix() + 60*s.n
	}
	if e.MsgID == "" {
		e.MsgID = event.FormatID(now, event.UUID("web", fmt.Sprint(s.n)))
	}
	e.I, e.Seq, e.Publisher, e.Epoch, e.Username = s.n, s.n, "mail2bus-one", "e1", "mail2bus"
	m, err := bustest.Incoming(e)
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.Append(context.Background(), archive.Batch{Messages: []archive.Incoming{m}}); err != nil {
		s.t.Fatal(err)
	}
	return m.Wire
}

// sayAll puts what all golden fixtures become into the archive, and gives the messages
// by their ids.
func (s *testSite) sayAll() map[string][]byte {
	s.t.Helper()
	list, err := bustest.Golden("../../fixtures", now.Add(-10*time.Hour))
	if err != nil {
		s.t.Fatal(err)
	}
	said := map[string][]byte{}
	for _, e := range list {
		said[e.MsgID] = s.say(e)
	}
	return said
}

// get asks for an address, in a form if it is given.
func (s *testSite) get(address, accept string) (int, http.Header, string) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.url+address, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	if accept != "" {
		req.Header.Set("Accept", accept)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(text)
}
