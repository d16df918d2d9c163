package outside

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"busbar/bus/notify/dest"
)

func guarded(t *testing.T, allow ...string) *Client {
	t.Helper()
	c, _, err := Config{Allow: allow}.Guarded()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// TestNames: what counts is the address to which a connection is made, whatever the
// name said before: a name is never looked up by the guard and again by the dialer.
func TestNames(t *testing.T) {
	asked := atomic.Int32{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { asked.Add(1) }))
	defer s.Close()
	port := s.URL[strings.LastIndex(s.URL, ":"):]
	c := guarded(t)
	for _, name := range []string{"127.0.0.1", "localhost", "[::1]", "0.0.0.0", "127.1", "2130706433"} {
		_, err := c.Do(t.Context(), Request{Method: http.MethodPost, URL: "http://" + name + port + "/"})
		if err == nil {
			t.Errorf("%s is reached", name)
		}
		if strings.Contains(name, ".0.0.") && (!errors.Is(err, ErrInside) || dest.FateOf(err).Fate != dest.Dead) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A name that is public when it is first asked for, and then is not.
	turns := atomic.Int32{}
	guard := Guard{}
	dialer := &net.Dialer{Control: guard.control, Resolver: rebinding(t, &turns)}
	client, err := Config{}.client(dialer)
	if err != nil {
		t.Fatal(err)
	}
	for range 4 {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		if _, err := client.Do(ctx, Request{Method: http.MethodPost, URL: "http://rebind.example.org" + port + "/"}); err == nil {
			t.Error("a name that changes its meaning leads inside")
		}
		cancel()
	}
	if turns.Load() < 2 {
		t.Errorf("the name was looked up %d times", turns.Load())
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("the server inside was asked %d times", n)
	}
	if _, err := guarded(t, "127.0.0.1").Do(t.Context(), Request{Method: http.MethodPost, URL: s.URL}); err != nil || asked.Load() != 1 {
		t.Errorf("what is allowed: %v", err)
	}
}

// TestRedirects are not followed, neither inside nor elsewhere.
func TestRedirects(t *testing.T) {
	asked := atomic.Int32{}
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer inside.Close()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, strings.Replace(inside.URL, "://", "://u:hunter22@", 1), http.StatusTemporaryRedirect)
	}))
	defer s.Close()
	reply, err := guarded(t, "127.0.0.1").Do(t.Context(), Request{Method: http.MethodPost, URL: s.URL})
	if err != nil {
		t.Fatal(err)
	}
	verdict := reply.Verdict(true)
	if asked.Load() != 0 || dest.FateOf(verdict).Fate != dest.RetryOne || !strings.Contains(verdict.Error(), "not followed") || strings.Contains(verdict.Error(), "hunter22") {
		t.Errorf("asked %d times: %v", asked.Load(), verdict)
	}
}

func TestVerdicts(t *testing.T) {
	for _, c := range []struct {
		code  int
		alone bool
		fate  dest.Fate
	}{
		{301, true, dest.RetryOne}, {400, true, dest.Dead}, {401, true, dest.Dead}, {404, false, dest.Dead}, {408, false, dest.Retry}, {410, true, dest.Gone},
		{413, false, dest.Dead}, {422, true, dest.Dead}, {429, true, dest.RetryOne}, {429, false, dest.Retry}, {500, true, dest.RetryOne}, {503, false, dest.Retry}, {102, false, dest.Retry},
	} {
		r := &Reply{Code: c.code, Header: http.Header{"Retry-After": {"7"}}, Body: []byte("because")}
		e := dest.FateOf(r.Verdict(c.alone))
		if e.Err == nil || e.Fate != c.fate || (e.Fate == dest.Retry || e.Fate == dest.RetryOne) != (e.Wait == 7*time.Second) || e.Unsure {
			t.Errorf("%d: %+v", c.code, e)
		}
	}
	for _, code := range []int{200, 201, 202, 204} {
		if err := (&Reply{Code: code}).Verdict(true); err != nil {
			t.Errorf("%d: %v", code, err)
		}
	}
}

// TestUnanswered: whether a request that has no answer may have come is said.
func TestUnanswered(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			c.Close()
		}
	}))
	defer s.Close()
	c := guarded(t, "127.0.0.1")
	_, err := c.Do(t.Context(), Request{Method: http.MethodPost, URL: s.URL + "/?token=hunter22"})
	if e := dest.FateOf(err); err == nil || !e.Unsure || strings.Contains(err.Error(), "hunter22") {
		t.Errorf("cut after the request: %v", err)
	}
	if e := dest.FateOf(Alone(err)); !e.Unsure || e.Fate != dest.RetryOne {
		t.Errorf("alone: %+v", e)
	}
	_, err = c.Do(t.Context(), Request{Method: http.MethodPost, URL: s.URL, Twice: true})
	if e := dest.FateOf(err); err == nil || e.Unsure {
		t.Errorf("one that may come twice: %v", err)
	}
	s.Close()
	_, err = c.Do(t.Context(), Request{Method: http.MethodPost, URL: s.URL})
	if e := dest.FateOf(err); err == nil || e.Unsure || e.Fate != dest.Retry {
		t.Errorf("nobody is there: %v", err)
	}
}

// TestHostileServers: what they say is bounded in memory and time.
func TestHostileServers(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/body":
			for range 1024 {
				if _, err := w.Write(make([]byte, 64<<10)); err != nil {
					return
				}
			}
		case "/header":
			w.Header().Set("X-Long", strings.Repeat("x", 1<<20))
		case "/slow":
			<-r.Context().Done()
		}
	}))
	defer s.Close()
	c := guarded(t, "127.0.0.1")
	if r, err := c.Do(t.Context(), Request{Method: http.MethodPost, URL: s.URL + "/body"}); err != nil || len(r.Body) != mostBody {
		t.Errorf("an endless body: %v", err)
	}
	if _, err := c.Do(t.Context(), Request{Method: http.MethodPost, URL: s.URL + "/header"}); err == nil {
		t.Error("a header of a megabyte is read")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := c.Do(ctx, Request{Method: http.MethodPost, URL: s.URL + "/slow"}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("no answer: %v", err)
	}
	u, _ := url.Parse(s.URL)
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if _, err := c.Do(t.Context(), Request{Method: http.MethodPost, URL: u.String()}); err == nil {
		t.Error("it asks after its end")
	}
}
