//go:build browser

package listen

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"busbar/common/programtest"
)

// TestPagesInBrowser opens a hub's pages in a real browser: lines come in, wait while
// the page is paused, and come in again when the hub was away; questions are typed and
// answered; all is there without scripts; no width scrolls sideways, and a checker of
// accessibility (AXE names its file) finds nothing. SCREENSHOTS names a folder for
// pictures.
func TestPagesInBrowser(t *testing.T) {
	s := newSite(t)
	hub := s.serve()
	b := newBrowser(t, s.dir)
	s.deliver(5)
	tab := b.open(s.hub + "/")
	const titles = `document.querySelectorAll("#lines .title").length`
	// An upload's mail is one event here; the older programs' form is off.
	tab.becomes(titles, 5.0)
	tab.becomes(`document.getElementById("state").textContent`, "Live")
	s.deliver(3)
	tab.becomes(titles, 8.0)

	tab.value(`document.getElementById("pause").click()`)
	s.deliver(2)
	tab.becomes(`document.getElementById("state").textContent`, "2 waiting")
	tab.value(`document.getElementById("pause").click()`)
	tab.becomes(titles, 10.0)

	hub.kill()
	tab.becomes(`document.getElementById("state").textContent`, "Not connected; trying again")
	s.deliver(4)
	hub = s.serve()
	tab.becomes(titles, 14.0)
	tab.becomes(`new Set([...document.querySelectorAll("#lines .title")].map(a => a.href)).size`, 14.0)

	// By keyboard: to the search, a question, and Enter.
	tab.value(`document.getElementById("q").focus()`)
	tab.call(tab.session, "Input.insertText", map[string]any{"text": fmt.Sprint("bug:", firstBug+3)}, nil)
	for _, kind := range []string{"keyDown", "keyUp"} {
		tab.call(tab.session, "Input.dispatchKeyEvent", map[string]any{"type": kind, "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r"}, nil)
	}
	tab.becomes(`location.pathname + decodeURIComponent(location.search)`, fmt.Sprint("/search?q=bug:", firstBug+3))
	tab.becomes(titles, 1.0)
	s.deliver(1)
	tab.becomes(titles, 1.0) // of another bug

	pages := []string{"/", "/search?q=teapot", "/package/teapot", fmt.Sprint("/bug/", firstBug), "/trace/teapot", "/topics", "/statistics", "/health", "/search?q=since:never", tab.first()}
	tab.close()
	for _, page := range pages {
		t.Run(strings.NewReplacer("/", "_", "?", "_").Replace(page), func(t *testing.T) { look(t, b, s.hub, page) })
	}
}

// first is the path of the first message's page.
func (t *tab) first() string {
	t.t.Helper()
	path, _ := t.value(`document.querySelector("#lines .title").getAttribute("href")`).(string)
	return path
}

// look opens a page in several widths, light and dark, with scripts and without.
func look(t *testing.T, b *browser, hub, page string) {
	b.t = t
	for _, as := range []struct {
		name    string
		width   int
		scheme  string
		scripts bool
	}{{"wide", 1920, "light", true}, {"dark", 1100, "dark", true}, {"phone", 360, "light", true}, {"plain", 800, "light", false}} {
		tab := b.open("about:blank")
		tab.call(tab.session, "Emulation.setDeviceMetricsOverride", map[string]any{"width": as.width, "height": 900, "deviceScaleFactor": 1, "mobile": false}, nil)
		tab.call(tab.session, "Emulation.setEmulatedMedia", map[string]any{"features": []any{map[string]string{"name": "prefers-color-scheme", "value": as.scheme}}}, nil)
		tab.call(tab.session, "Emulation.setScriptExecutionDisabled", map[string]any{"value": !as.scripts}, nil)
		tab.call(tab.session, "Page.bringToFront", nil, nil) // pages behind others are slow
		tab.watch()
		tab.call(tab.session, "Page.navigate", map[string]any{"url": hub + page}, nil)
		tab.becomes(`document.readyState + " " + (document.querySelector("footer") != null)`, "complete true")
		tab.watched(t, as.name, hub, page)
		if tab.value(`window.evil === undefined && document.querySelector("main img[src=x], script:not([src])") === null`) != true {
			t.Errorf("%s: what a stranger wrote runs, or is in the page as HTML", as.name)
		}
		if over, _ := tab.value(`document.documentElement.scrollWidth - document.documentElement.clientWidth`).(float64); over > 0 {
			t.Errorf("%s: the page is %v pixels too wide", as.name, over)
		}
		if live := tab.value(`document.getElementById("live") == null || document.getElementById("live").hidden`); !as.scripts && live != true {
			t.Errorf("%s: without scripts there is a button that does nothing", as.name)
		}
		if file := os.Getenv("AXE"); file != "" && as.scripts {
			tab.axe(as.name, file)
		}
		if dir := os.Getenv("SCREENSHOTS"); dir != "" {
			tab.picture(filepath.Join(dir, strings.Trim(strings.NewReplacer("/", "-", "?", "-", "=", "-", ":", "-").Replace("hub"+page), "-")+"-"+as.name+".png"))
		}
		tab.close()
	}
}

// watch keeps what the tab's page does from now on.
func (t *tab) watch() {
	t.t.Helper()
	t.keep, t.events = true, nil
	for _, domain := range []string{"Network", "Log", "Runtime"} {
		t.call(t.session, domain+".enable", nil, nil)
	}
	t.call(t.session, "Network.setCacheDisabled", map[string]any{"cacheDisabled": true}, nil)
}

// mostWeight is how much a first page may weigh on the line, with all that it loads.
const mostWeight = 60_000

// watched holds what the page did to what it may: it asks no other host, it complains of
// nothing, and it is light.
func (t *tab) watched(test *testing.T, name, hub, page string) {
	t.t.Helper()
	t.value("1") // what has happened before is read
	t.keep = false
	weight := 0.0
	for _, e := range t.events {
		var p struct {
			Request struct{ URL string }
			Entry   struct {
				Level, Source, Text, URL string
			}
			Type              string
			EncodedDataLength float64
		}
		if e.SessionID != t.session || json.Unmarshal(e.Params, &p) != nil {
			continue
		}
		switch e.Method {
		case "Network.requestWillBeSent":
			if !strings.HasPrefix(p.Request.URL, hub+"/") {
				test.Errorf("%s: the page asks for %s", name, p.Request.URL)
			}
		case "Network.loadingFinished":
			weight += p.EncodedDataLength
		case "Log.entryAdded": // that the page itself is a 404 is no complaint
			if p.Entry.Level == "error" && (p.Entry.Source != "network" || p.Entry.URL != hub+page) {
				test.Errorf("%s: the browser complains: %s %s", name, p.Entry.Text, p.Entry.URL)
			}
		case "Runtime.exceptionThrown":
			test.Errorf("%s: a script fails: %s", name, e.Params)
		case "Runtime.consoleAPICalled":
			if p.Type == "error" {
				test.Errorf("%s: a script complains: %s", name, e.Params)
			}
		}
	}
	if weight > mostWeight || weight == 0 {
		test.Errorf("%s: the page weighs %.0f bytes", name, weight)
	}
	test.Logf("%s: %s weighs %.0f bytes", name, page, weight)
}

// axe has a checker of accessibility look at the page.
func (t *tab) axe(name, file string) {
	t.t.Helper()
	script, err := os.ReadFile(file)
	if err != nil {
		t.t.Fatal(err)
	}
	t.value(string(script) + "; 0")
	text, _ := t.value(`axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]})
		.then(r => JSON.stringify(r.violations.map(v => v.id + ": " + v.help + ": " + v.nodes.slice(0, 3).map(n => n.html).join(" "))))`).(string)
	var found []string
	if err := json.Unmarshal([]byte(text), &found); err != nil {
		t.t.Fatalf("%s: the checker says %q", name, text)
	}
	for _, f := range found {
		t.t.Errorf("%s: %s", name, f)
	}
}

// value is what an expression becomes in the page.
func (t *tab) value(expression string) any {
	t.t.Helper()
	var got struct {
		Result           struct{ Value any }
		ExceptionDetails any
	}
	if err := t.ask(t.session, "Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true, "awaitPromise": true}, &got); err != nil {
		return err.Error()
	}
	if got.ExceptionDetails != nil {
		return fmt.Sprint(got.ExceptionDetails)
	}
	return got.Result.Value
}

// becomes waits until an expression has a value.
func (t *tab) becomes(expression string, want any) {
	t.t.Helper()
	for end := time.Now().Add(programtest.Patience); ; time.Sleep(50 * time.Millisecond) {
		got := t.value(expression)
		if got == want {
			return
		}
		if time.Now().After(end) {
			t.t.Fatalf("%s is %v, want %v", expression, got, want)
		}
	}
}
