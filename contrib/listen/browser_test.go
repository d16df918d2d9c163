//go:build browser

// These tests need Debian's chromium-headless-shell, which is larger than all else that
// the tests install: `make test-browser` runs them.

package listen

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"testing"
	"time"

	"busbar/common/programtest"
)

// TestBrowser opens the page in a real browser, ends the hub under it, and closes and
// opens the page: it shows each message once, in order. SCREENSHOT names a file for a
// picture of the page.
func TestBrowser(t *testing.T) {
	s := newSite(t)
	unpack(t, "howto/listen-browser.md", s.dir, "listen.html")
	pages := httptest.NewServer(http.FileServer(http.Dir(s.dir)))
	defer pages.Close()
	address := pages.URL + "/listen.html?" + url.Values{"hub": {s.hub}, "since": {"0"}, "topic": {"debbugs.bug"}}.Encode()
	hub := s.serve()
	b := newBrowser(t, s.dir)

	s.deliver(5)
	tab := b.open(address)
	tab.shows(1, 5, "Listening.")
	s.deliver(3)
	tab.shows(1, 8, "Listening.")
	hub.kill()
	tab.shows(1, 8, "The hub is away; trying again.")
	s.deliver(20)
	hub = s.serve()
	tab.shows(1, 28, "Listening.")
	if file := os.Getenv("SCREENSHOT"); file != "" {
		tab.picture(file)
	}
	tab.close()
	s.deliver(4)
	b.open(address).shows(29, 32, "Listening.")
}

// read gives the text of the page's state, and those of its list, the newest last.
func (t *tab) read() (state string, items []string) {
	t.t.Helper()
	const script = `JSON.stringify([...document.querySelectorAll("#state, #list li")].map(e => e.textContent))`
	var got struct{ Result struct{ Value string } }
	t.call(t.session, "Runtime.evaluate", map[string]any{"expression": script}, &got)
	var texts []string
	if err := json.Unmarshal([]byte(got.Result.Value), &texts); err != nil || len(texts) == 0 {
		return fmt.Sprint("not loaded: ", got.Result.Value), nil
	}
	slices.Reverse(texts[1:])
	return texts[0], texts[1:]
}

// shows waits until the page shows a state, and the last mail in its list; the list
// must be all from one mail on.
func (t *tab) shows(from, to int, state string) {
	t.t.Helper()
	var want []int
	for n := from; n <= to; n++ {
		want = append(want, n)
	}
	for end := time.Now().Add(programtest.Patience); ; time.Sleep(50 * time.Millisecond) {
		is, items := t.read()
		got := bugs(items)
		if is == state && len(got) > 0 && got[len(got)-1] == to {
			if !slices.Equal(got, want) {
				t.t.Errorf("the page shows %v, want %d to %d", got, from, to)
			}
			return
		}
		if time.Now().After(end) {
			t.t.Fatalf("the page says %q and shows %q; want %q, and all to %d", is, items, state, to)
		}
	}
}
