package notify

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"busbar/bus/notify/outbox"
)

// TestStop: a link ends one rule at one address, by a POST alone; nobody can make one.
func TestStop(t *testing.T) {
	out, err := outbox.Open(t.Context(), filepath.Join(t.TempDir(), "outbox.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	s, err := openStops(t.Context(), out, "https://notify.example.org/", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ask := func(method, path string) (int, string) {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader("List-Unsubscribe=One-Click")))
		return w.Code, w.Body.String()
	}
	jane := outbox.Key{Person: "jane", Way: "mail", To: "jane@example.org"}
	link := s.link(jane, "a <script> rule")
	path, ok := strings.CutPrefix(link, "https://notify.example.org")
	if !ok {
		t.Fatal(link)
	}
	if code, text := ask(http.MethodGet, path); code != 200 || !strings.Contains(text, "<form") || strings.Contains(text, "<script>") || s.has(jane, "a <script> rule") {
		t.Errorf("GET: %d %s", code, text)
	}
	for _, forged := range []string{path[:len(path)-1], path + "A", "/stop/", "/stop/x.y", strings.Replace(path, ".", "..", 1), "/stop/" + strings.Repeat("A", 5000), "/stop/W10.", strings.ToLower(path)} {
		if code, _ := ask(http.MethodPost, forged); code != http.StatusNotFound {
			t.Errorf("%.80s: %d", forged, code)
		}
	}
	other, err := openStops(t.Context(), out, "https://x.example.org", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // a link may be used again
		if code, _ := ask(http.MethodPost, path); code != 200 {
			t.Fatalf("POST: %d", code)
		}
	}
	if !s.has(jane, "a <script> rule") || s.has(jane, "another") {
		t.Error("it ends another rule, or none")
	}
	if err := other.read(t.Context()); err != nil || !other.has(jane, "a <script> rule") {
		t.Errorf("after a restart: %v", err)
	}
	if n, err := out.Resume(t.Context(), "jane"); n != 1 || err != nil {
		t.Errorf("resumed %d: %v", n, err)
	}
	if code, _ := ask(http.MethodPut, path); code != http.StatusMethodNotAllowed {
		t.Errorf("PUT: %d", code)
	}
	if none, _ := openStops(t.Context(), out, "", slog.New(slog.DiscardHandler)); none.link(jane, "x") != "" {
		t.Error("a link to nowhere")
	}
}
