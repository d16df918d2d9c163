package push

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"busbar/common/drain"
	"busbar/common/drain/draintest"
	"busbar/common/event"
	"busbar/common/journal"
)

// TestIsASink runs the suite of all ways out against a server with TLS.
func TestIsASink(t *testing.T) {
	draintest.Run(t, func(t *testing.T) draintest.Far {
		r := newReceiver(t)
		return draintest.Far{
			Drain: func() *drain.Drain { return &drain.Drain{Sink: r.sink()} },
			Got:   r.messages,
			Stall: func() func() { r.stalled.Lock(); return r.stalled.Unlock },
		}
	})
}

// TestOneByOne: where the receiver knows messages by the id of their request, each has
// one of its own.
func TestOneByOne(t *testing.T) {
	r := newReceiver(t)
	sink := r.sink()
	sink.Batch = 1
	s := start(t, sink)
	s.append(30, 0)
	s.acked(30)
	r.mu.Lock()
	defer r.mu.Unlock()
	messages, err := s.j.After(t.Context(), 0, 0)
	if err != nil || len(messages) != 30 || len(r.requests) != 30 {
		t.Fatalf("%d messages, %d requests, %v", len(messages), len(r.requests), err)
	}
	for i, m := range messages {
		if id := r.requests[i].Header.Get("webhook-id"); id != m.ID || !bytes.Equal(r.got[i], m.Wire) {
			t.Errorf("message %s came as %s", m.ID, id)
		}
	}
}

type note struct {
	Text string `json:"text"`
}

var noteKind = event.Define("notes.note.create", "somebody wrote a note", func(b note) string { return b.Text }, nil)

// A site is a journal, a loop, and all that it logs.
type site struct {
	testing.TB
	j   *journal.Journal
	d   *drain.Drain
	n   int
	mu  sync.Mutex
	log bytes.Buffer
}

func (s *site) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.Write(b)
}

func (s *site) logged() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.String()
}

// start runs the loop until the test ends.
func start(t *testing.T, sink *Sink) *site {
	t.Helper()
	j, err := journal.Open(t.Context(), journal.Options{Path: filepath.Join(t.TempDir(), "journal.db"), Identity: journal.Identity{Prefix: "org.example", Environment: "dev", Name: "push"}})
	if err != nil {
		t.Fatal(err)
	}
	s := &site{TB: t, j: j}
	s.d = &drain.Drain{Sink: sink, Name: "push", Store: j, Log: slog.New(slog.NewTextHandler(s, nil))}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.d.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-ended; j.Close() })
	return s
}

func (s *site) append(n, size int) {
	s.Helper()
	var events []event.Event
	for range n {
		s.n++
		events = append(events, event.Event{Kind: noteKind, Key: fmt.Sprint(s.n), Time: time.Unix(1_800_000_000, 0), Body: note{fmt.Sprint(s.n, " ", strings.Repeat("x", size))}})
	}
	if _, err := s.j.Append(context.Background(), journal.Record{Events: events}); err != nil {
		s.Fatal(err)
	}
}

func (s *site) eventually(what string, is func() bool) {
	s.Helper()
	for end := time.Now().Add(3 * time.Minute); !is(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			s.Fatalf("in vain: %s; status %+v; log:\n%s", what, s.d.Status(), s.logged())
		}
	}
}

func (s *site) fails(with ...string) {
	s.Helper()
	s.eventually("it fails with "+strings.Join(with, ", "), func() bool {
		err := s.d.Err()
		for _, w := range with {
			if err == nil || !strings.Contains(err.Error(), w) {
				return false
			}
		}
		return true
	})
}

func (s *site) acked(seq int64) {
	s.Helper()
	s.eventually(fmt.Sprintf("%d is acknowledged", seq), func() bool { return s.d.Status().Cursor >= seq })
}

// TestConditions: what the receiver's condition is, is tried again and named, whatever
// it is; nothing is lost, and nothing is put aside.
func TestConditions(t *testing.T) {
	for code, says := range map[int]string{
		301: "redirects are not followed", 307: "redirects are not followed", 401: "secret_file", 403: "secret_file", 404: "[push] url", 405: "[push] url",
		408: "408", 409: "409", 410: "for good", 425: "425", 429: "429", 500: "Internal", 502: "502", 503: "503", 418: "418",
	} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			t.Parallel()
			elsewhere := newReceiver(t)
			r := newReceiver(t)
			r.answer = func(w http.ResponseWriter, _ *http.Request, _ [][]byte) bool {
				w.Header().Set("Location", elsewhere.server.URL+"/?token=hidden")
				http.Error(w, "so it \x1b is\nnext", code)
				return true
			}
			s := start(t, r.sink())
			s.append(3, 0)
			s.fails(says, fmt.Sprint(code), "so it")
			if text := s.d.Err().Error(); strings.Contains(text, "\x1b") || strings.Contains(text, "next") || strings.Contains(text, "hidden") {
				t.Errorf("the error is %q", text)
			}
			if code == http.StatusGone { // it is left alone for long
				return
			}
			r.then(nil)
			s.acked(3)
			if n := len(r.messages()); n != 3 {
				t.Errorf("%d messages came", n)
			}
			if missed, err := s.j.Missed(t.Context(), "push"); err != nil || len(missed) != 0 {
				t.Errorf("missed %v, %v", missed, err)
			}
			elsewhere.mu.Lock()
			defer elsewhere.mu.Unlock()
			if n := len(elsewhere.requests) + elsewhere.bad; n != 0 {
				t.Errorf("%d requests went elsewhere", n)
			}
		})
	}
}

// TestRefused: a message that the receiver never takes is named, and holds up no
// other.
func TestRefused(t *testing.T) {
	for _, code := range []int{400, 413, 415, 422} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			t.Parallel()
			r := newReceiver(t)
			r.answer = func(w http.ResponseWriter, _ *http.Request, lines [][]byte) bool {
				for _, line := range lines {
					if bytes.Contains(line, []byte(`"text":"7 `)) {
						http.Error(w, "not that one", code)
						return true
					}
				}
				return false
			}
			s := start(t, r.sink())
			s.append(20, 0)
			s.acked(20)
			missed, err := s.j.Missed(t.Context(), "push")
			if err != nil || len(missed) != 1 || missed[0].First != 7 || !strings.Contains(missed[0].Reason, "not that one") {
				t.Errorf("missed %+v, %v", missed, err)
			}
			if n := len(r.messages()); n != 19 {
				t.Errorf("%d messages came", n)
			}
		})
	}
}

// TestTooLarge: a receiver that takes small requests alone gets small ones.
func TestTooLarge(t *testing.T) {
	r := newReceiver(t)
	most := 0
	r.answer = func(w http.ResponseWriter, req *http.Request, _ [][]byte) bool {
		if req.ContentLength > 20_000 {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			return true
		}
		most = max(most, int(req.ContentLength))
		return false
	}
	s := start(t, r.sink())
	s.append(200, 1000)
	s.acked(200)
	if n := len(r.messages()); n != 200 || s.d.Status().Failures != 0 {
		t.Errorf("%d messages came; %+v", n, s.d.Status())
	}
	if r.mu.Lock(); most < 5000 {
		t.Errorf("the largest request that was taken had %d bytes", most)
	}
	r.mu.Unlock()
}

// TestRetryAfter: the receiver says for how long it wants to be left alone.
func TestRetryAfter(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	var asked, again time.Time
	r.answer = func(w http.ResponseWriter, _ *http.Request, _ [][]byte) bool {
		if again = time.Now(); !asked.IsZero() {
			return false
		}
		asked = again
		w.Header().Set("Retry-After", "3")
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	}
	s := start(t, r.sink())
	s.append(1, 0)
	s.acked(1)
	r.mu.Lock()
	if by := again.Sub(asked); by < 3*time.Second {
		t.Errorf("it came again after %s", by)
	}
	r.mu.Unlock()
}

// TestIDs: a request has the same id in each attempt, a message alone its own, and no
// dot.
func TestIDs(t *testing.T) {
	r := newReceiver(t)
	r.answer = func(w http.ResponseWriter, _ *http.Request, _ [][]byte) bool {
		if len(r.requests) < 3 {
			w.WriteHeader(http.StatusBadGateway)
		}
		return len(r.requests) < 3
	}
	s := start(t, r.sink())
	s.append(5, 0)
	s.acked(5)
	m, err := s.j.Reader().Last(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r.then(nil)
	s.append(1, 0)
	s.acked(6)
	r.mu.Lock()
	defer r.mu.Unlock()
	first := r.requests[0].Header.Get("webhook-id")
	for i, req := range r.requests[:3] {
		if id := req.Header.Get("webhook-id"); id != first || !strings.HasSuffix(id, "+5") {
			t.Errorf("attempt %d has the id %q", i, id)
		}
	}
	last, err := s.j.Reader().Last(t.Context())
	if id := r.requests[len(r.requests)-1].Header.Get("webhook-id"); err != nil || id != last.ID || id == m.ID {
		t.Errorf("a message alone has the id %q, and is %q (%v)", id, last.ID, err)
	}
}

// TestSecrets: the file is read again, while one secret takes the place of another;
// and nothing that is logged or shown holds one.
func TestSecrets(t *testing.T) {
	r := newReceiver(t)
	old := r.secret
	sink := r.sink()
	s := start(t, sink)
	s.append(1, 0)
	s.acked(1)
	other := newReceiver(t)
	r.mu.Lock()
	r.secret = other.secret
	r.mu.Unlock()
	s.append(1, 0)
	s.fails("401", "secret_file")
	r.write(r.file, "# two of them\n"+old+"\n"+other.secret+"\n")
	s.acked(2)
	r.write(r.file, "whsec_"+strings.Repeat("?", 40))
	r.mu.Lock()
	r.secret = old + "="
	r.mu.Unlock()
	s.append(1, 0)
	s.fails("line 1")
	for _, one := range []string{old, other.secret, "????"} {
		one = strings.TrimPrefix(one, "whsec_")
		if text := s.logged() + fmt.Sprintf("%+v %#v", s.d.Status(), sink); strings.Contains(text, one) {
			t.Errorf("a secret is shown: %s", text)
		}
	}
}

// TestTrust: nothing is posted to a receiver that is not who it says, nor to one that
// does not know us.
func TestTrust(t *testing.T) {
	r := newReceiver(t)
	stranger := newReceiver(t)
	r.write(stranger.ca, "no certificate")
	sink := r.sink()
	sink.CA = stranger.ca
	s := start(t, sink)
	s.append(1, 0)
	s.fails("no certificate in PEM")
	sink = r.sink()
	sink.CA = "" // its certificate is by nobody whom the system trusts
	s = start(t, sink)
	s.append(1, 0)
	s.fails("certificate")
	if own, away := sink.Check(t.Context()); own != nil || away == nil {
		t.Errorf("checking: %v, %v", own, away)
	}
	if r.mu.Lock(); len(r.requests)+r.bad != 0 {
		t.Error("something was posted")
	}
	r.mu.Unlock()
}

// TestClientCertificate: a receiver may want to know who posts.
func TestClientCertificate(t *testing.T) {
	r := newReceiver(t)
	pair := certificate(t)
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	sink := r.sink()
	sink.Cert, sink.Key = r.file+".crt", r.file+".key"
	r.write(sink.Cert, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]})))
	r.write(sink.Key, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})))
	strict := httptest.NewUnstartedServer(r)
	strict.Config.ErrorLog = r.server.Config.ErrorLog
	strict.TLS = &tls.Config{Certificates: r.server.TLS.Certificates, ClientAuth: tls.RequireAnyClientCert}
	strict.StartTLS()
	t.Cleanup(strict.Close)
	r.server.Close()
	r.server = strict

	without := r.sink()
	s := start(t, without)
	s.append(1, 0)
	s.fails("certificate required")
	sink.URL = without.URL
	s = start(t, sink)
	s.append(1, 0)
	s.acked(1)
	if own, away := sink.Check(t.Context()); own != nil || away != nil {
		t.Errorf("checking: %v, %v", own, away)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if certs := r.requests[0].TLS.PeerCertificates; len(certs) != 1 || !bytes.Equal(certs[0].Raw, pair.Certificate[0]) {
		t.Error("it was not our certificate")
	}
}

// TestSilence: a receiver that takes a request and says nothing, or goes in the middle
// of it, is asked again.
func TestSilence(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	sink := r.sink()
	sink.Timeout = 5 * time.Second
	s := start(t, sink)
	r.stalled.Lock()
	s.append(2, 0)
	s.fails("no answer within 5s")
	r.stalled.Unlock()
	s.acked(2)
	r.then(func(http.ResponseWriter, *http.Request, [][]byte) bool { panic(http.ErrAbortHandler) })
	s.append(2, 0)
	s.eventually("it fails", func() bool { return s.d.Err() != nil })
	r.then(nil)
	s.acked(4)
	r.server.CloseClientConnections() // an idle connection that is closed is no failure
	before := s.d.Status().Failures
	s.append(1, 0)
	s.acked(5)
	if n := s.d.Status().Failures; n != before {
		t.Errorf("it failed: %v", s.d.Status().LastError)
	}
}

// TestClocks: a receiver whose clock is wrong is told apart.
func TestClocks(t *testing.T) {
	resp := &http.Response{StatusCode: 401, Header: http.Header{"Date": {"Wed, 01 Jul 2026 12:00:00 GMT"}}}
	err := verdict(resp, nil, time.Date(2026, 7, 1, 12, 7, 0, 0, time.UTC))
	if err == nil || !strings.Contains(err.Error(), "differ by 7m0s") || errors.Is(err, drain.ErrRefused) {
		t.Errorf("it says %v", err)
	}
}
