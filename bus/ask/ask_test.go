package ask

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
)

// TestAsk: answers come whole or line by line; a hub that is busy is asked again; what it
// refuses is told from what is no hub.
func TestAsk(t *testing.T) {
	var busy atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/at/well":
			if busy.Add(1) < 3 {
				w.Header().Set("Retry-After", "1")
				w.WriteHeader(http.StatusTooManyRequests)
				return
			}
			fmt.Fprintf(w, "%s\n\n two \nthree", r.URL.Query().Get("q"))
		case "/at/cut":
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, "one\ntw")
		case "/at/refused":
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"error":"ask otherwise"}`)
		case "/at/broken":
			w.WriteHeader(http.StatusInternalServerError)
		default:
			http.NotFound(w, r)
		}
	}))
	defer s.Close()
	h, err := Open(s.URL+"/at/", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	ctx := context.Background()
	var lines []string
	take := func(line []byte) error { lines = append(lines, string(line)); return nil }
	if err := h.Lines(ctx, "well", url.Values{"q": {"one &"}}, take); err != nil || strings.Join(lines, "|") != "one &|two|three" {
		t.Errorf("lines %q, %v", lines, err)
	}
	if body, err := h.Get(ctx, "well", nil); err != nil || string(body) != "\n\n two \nthree" {
		t.Errorf("body %q, %v", body, err)
	}
	stop := errors.New("enough")
	if err := h.Lines(ctx, "well", nil, func([]byte) error { return stop }); err != stop {
		t.Errorf("who takes lines fails, and it says %v", err)
	}
	for path, want := range map[string]struct {
		code  int
		noHub bool
	}{"refused": {400, false}, "broken": {500, false}, "nothing": {404, true}} {
		_, err := h.Get(ctx, path, nil)
		var r *Refusal
		if !errors.As(err, &r) || r.Code != want.code || errors.Is(err, ErrNoHub) != want.noHub || !strings.HasPrefix(err.Error(), "asking the hub: ") {
			t.Errorf("%s: %v", path, err)
		}
	}
	lines = nil
	if err := h.Lines(ctx, "cut", nil, take); err == nil || len(lines) == 0 {
		t.Errorf("a cut answer has lines %q, %v", lines, err)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := h.Get(ended, "well", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("ended: %v", err)
	}
	for _, where := range []string{"http://", "ftp://x", "nowhere", "%"} {
		if _, err := Open(where, 0); !errors.Is(err, ErrNoHub) {
			t.Errorf("%q: %v", where, err)
		}
	}
}
