//go:build browser

// These tests need Debian's chromium-headless-shell, which is larger than all else that
// the tests install: `make test-browser` runs them.

package listen

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
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

// A browser is driven through pipes, by the DevTools protocol: objects of JSON, each
// with a zero byte behind it.
type browser struct {
	t    *testing.T
	out  *os.File
	in   *bufio.Reader
	last int
}

func newBrowser(t *testing.T, dir string) *browser {
	t.Helper()
	program, err := exec.LookPath("chromium-headless-shell")
	if err != nil {
		t.Fatalf("%v: `make test-browser` installs it", err)
	}
	theirIn, ourOut, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	ourIn, theirOut, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
		"--user-data-dir="+dir+"/browser", "--window-size=800,900", "about:blank")
	cmd.ExtraFiles = []*os.File{theirIn, theirOut} // 3 and 4
	cmd.Env = append(os.Environ(), "HOME="+dir)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	theirIn.Close()
	theirOut.Close()
	t.Cleanup(func() {
		ourOut.Close() // it ends by that
		ourIn.Close()
		_ = cmd.Wait()
	})
	if err := ourIn.SetReadDeadline(time.Now().Add(2 * programtest.Patience)); err != nil {
		t.Fatal(err)
	}
	return &browser{t: t, out: ourOut, in: bufio.NewReader(ourIn)}
}

// call asks the browser, or one of its tabs, for something, and gives what is in its
// answer.
func (b *browser) call(session, method string, params, result any) {
	b.t.Helper()
	if err := b.ask(session, method, params, result); err != nil {
		b.t.Fatalf("%s: %v", method, err)
	}
}

// ask is the same, where what is asked may fail: a page may be left meanwhile.
func (b *browser) ask(session, method string, params, result any) error {
	b.t.Helper()
	b.last++
	request := map[string]any{"id": b.last, "method": method, "params": params}
	if session != "" {
		request["sessionId"] = session
	}
	text, err := json.Marshal(request)
	if err == nil {
		_, err = b.out.Write(append(text, 0))
	}
	if err != nil {
		b.t.Fatal(err)
	}
	for {
		text, err := b.in.ReadBytes(0)
		if err != nil {
			b.t.Fatalf("%s: %v", method, err)
		}
		var answer struct {
			ID     int
			Result json.RawMessage
			Error  any
		}
		if err := json.Unmarshal(text[:len(text)-1], &answer); err != nil {
			b.t.Fatal(err)
		}
		if answer.ID != b.last {
			continue // an event
		}
		if answer.Error != nil {
			return fmt.Errorf("%v", answer.Error)
		}
		if result != nil {
			return json.Unmarshal(answer.Result, result)
		}
		return nil
	}
}

// A tab is an open page.
type tab struct {
	*browser
	target, session string
}

func (b *browser) open(address string) *tab {
	b.t.Helper()
	t := &tab{browser: b}
	var made struct{ TargetID string }
	b.call("", "Target.createTarget", map[string]any{"url": address}, &made)
	t.target = made.TargetID
	var attached struct{ SessionID string }
	b.call("", "Target.attachToTarget", map[string]any{"targetId": t.target, "flatten": true}, &attached)
	t.session = attached.SessionID
	return t
}

func (t *tab) close() {
	t.t.Helper()
	t.call("", "Target.closeTarget", map[string]any{"targetId": t.target}, nil)
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

// picture writes a screenshot.
func (t *tab) picture(file string) {
	t.t.Helper()
	var got struct{ Data string }
	t.call(t.session, "Page.captureScreenshot", map[string]any{"format": "png"}, &got)
	png, err := base64.StdEncoding.DecodeString(strings.TrimSpace(got.Data))
	if err == nil {
		err = os.WriteFile(file, png, 0o644)
	}
	if err != nil {
		t.t.Fatal(err)
	}
}
