//go:build browser

package listen

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"busbar/common/programtest"
)

// A shown notification, as the worker has it.
type shown struct {
	Title, Body, Tag string
	Time             int64
	Data             struct{ Link string }
}

// notifications are those that are shown.
func (t *tab) notifications() (list []shown) {
	t.t.Helper()
	text, _ := t.value(`navigator.serviceWorker.ready.then((r) => r.getNotifications())
		.then((l) => JSON.stringify(l.map((n) => ({ title: n.title, body: n.body, tag: n.tag, time: n.timestamp, data: n.data }))))`).(string)
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		t.t.Fatalf("the notifications are %q: %v", text, err)
	}
	return list
}

// notified waits for a notification.
func (t *tab) notified(what func(shown) bool) shown {
	t.t.Helper()
	for end := time.Now().Add(programtest.Patience); ; time.Sleep(50 * time.Millisecond) {
		list := t.notifications()
		if i := slices.IndexFunc(list, what); i >= 0 {
			return list[i]
		}
		if time.Now().After(end) {
			t.t.Fatalf("what is shown is %+v", list)
		}
	}
}

// TestPushInBrowser: a person has a real browser show notes, by the page's button. It
// subscribes at a push service of our own, a code comes and verifies it, and an event
// comes as a notification, encrypted by bus notify and decrypted by the browser. A click
// opens what it is about.
func TestPushInBrowser(t *testing.T) {
	s := newSite(t)
	service := newPushService(t)
	pages := s.notes("")
	origin := strings.TrimSuffix(pages, "/me/")
	b := startBrowser(t, s.dir, "chromium", nil, append(service.flags(), "--headless=new")...)
	b.call("", "Browser.grantPermissions", map[string]any{"permissions": []string{"notifications"}, "origin": origin}, nil)
	tab := b.open("about:blank")
	tab.call(tab.session, "Page.enable", nil, nil)
	tab.call(tab.session, "Page.addScriptToEvaluateOnNewDocument", map[string]any{"source": service.script()}, nil)
	s.signIn(tab, pages, "jane@example.org")

	// The button, by keyboard.
	tab.goes(pages + "places")
	tab.becomes(`document.getElementById("push").hidden`, false)
	tab.tabTo(`document.activeElement.textContent == "Notify me in this browser"`)
	tab.presses("Enter")
	tab.becomes(`document.querySelector("[data-endpoint] .title").textContent.replace(/, [0-9a-f]{4}/, "")`, "Chromium on Linux by 127.0.0.1 (this browser)")
	key, err := exec.Command(s.program("bus"), "notify", "--config", s.path("bus.toml"), "key", "webpush").Output()
	if n := service.subscribed(strings.TrimSpace(string(key))); err != nil || n != 1 {
		t.Errorf("%d subscriptions by %s, %v", n, key, err)
	}
	tab.becomes(`document.getElementById("push").hidden`, true)
	code := tab.notified(func(n shown) bool { return n.Title == "Your code for Busbar" })
	digits := regexp.MustCompile(`^\d{8}`).FindString(code.Body)
	if code.Data.Link != pages+"places" || digits == "" || code.Tag == "" {
		t.Fatalf("the code is shown as %+v", code)
	}
	tab.tabTo(`document.activeElement.name == "code"`)
	tab.types(digits)
	tab.presses("Enter")
	tab.becomes(`document.querySelector("[data-endpoint] .state").textContent`, "verified")

	// A rule that sends there, and an event.
	tab.goes(pages + "rule/new")
	tab.tabTo(`document.activeElement.name == "name"`)
	tab.types("tea")
	tab.tabTo(`document.activeElement.name == "filter"`)
	tab.types("package:teapot")
	tab.tabTo(`document.activeElement.name == "to" && document.activeElement.value.startsWith("webpush:")`)
	tab.presses(" ")
	tab.tabTo(`document.activeElement.textContent.startsWith("Keep it")`)
	tab.presses("Enter")
	tab.becomes(`document.querySelector("h1").textContent + document.querySelector(".state")?.textContent`, "teaoff")
	tab.tabTo(`document.activeElement.textContent == "Switch it on"`)
	tab.presses("Enter")
	tab.becomes(`document.querySelector(".done")?.textContent`, "The rule is on.")
	var note shown
	for end := time.Now().Add(2 * programtest.Patience); note.Title == ""; { // the rule is in force a second later
		s.deliver(1)
		time.Sleep(500 * time.Millisecond) // a mail, and another
		for _, n := range tab.notifications() {
			if strings.Contains(n.Title, "teapot") {
				note = n
			}
		}
		if time.Now().After(end) {
			t.Fatalf("no event is shown: %+v, %v", tab.notifications(), service.headers())
		}
	}
	if !strings.HasPrefix(note.Data.Link, "https://") || note.Tag == "" || note.Time == 0 {
		t.Errorf("the note is %+v", note)
	}
	for _, h := range service.headers() {
		if h.Get("Content-Encoding") != "aes128gcm" || h.Get("Ttl") == "" || !strings.HasPrefix(h.Get("Authorization"), "vapid t=") {
			t.Errorf("a message came with %v", h)
		}
	}
	if got, still := tab.click(note.Tag); !slices.Equal(got, []string{note.Data.Link}) || still {
		t.Errorf("a click opens %q, and the note is still shown: %v", got, still)
	}
	tab.strange(origin)
	if file := os.Getenv("SCREENSHOTS"); file != "" {
		tab.goes(pages + "places")
		tab.picture(filepath.Join(file, "me-places-this-browser.png"))
	}

	// The list's button ends the subscription, too; then the browser may subscribe again.
	tab.goes(pages + "places")
	tab.becomes(`document.querySelector("[data-endpoint] .title").textContent.includes("(this browser)")`, true)
	tab.tabTo(`document.activeElement.textContent.startsWith("Remove")`)
	tab.presses("Enter")
	tab.becomes(`document.querySelector("[data-endpoint]")`, nil)
	tab.becomes(`document.getElementById("push").hidden`, false)
	tab.becomes(`navigator.serviceWorker.ready.then((r) => r.pushManager.getSubscription())`, nil)
}

// click has the worker believe that a notification was clicked: what it opens, and whether
// the notification is still shown. Windows open for people's own clicks alone, so the
// function that opens them is another one here.
func (t *tab) click(tag string) (opened []string, still bool) {
	t.t.Helper()
	var got struct {
		Opened []string
		Still  bool
	}
	text, _ := t.worker().value(`(async () => {
		const opened = [];
		self.clients.openWindow = (address) => { opened.push(address); return Promise.resolve(null); };
		const find = async () => (await self.registration.getNotifications({ tag: ` + strconv.Quote(tag) + ` }))[0];
		self.dispatchEvent(new NotificationEvent("notificationclick", { notification: await find() }));
		for (let i = 0; i < 300 && !opened.length; i++) await new Promise((done) => setTimeout(done, 100));
		return JSON.stringify({ opened, still: await find() !== undefined });
	})()`).(string)
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.t.Fatalf("the worker says %q: %v", text, err)
	}
	return got.Opened, got.Still
}

// worker is the pages' service worker, which runs.
func (t *tab) worker() *tab {
	t.t.Helper()
	w := &tab{browser: t.browser}
	for end := time.Now().Add(programtest.Patience); ; time.Sleep(50 * time.Millisecond) {
		var all struct {
			TargetInfos []struct{ TargetID, Type, URL string }
		}
		t.call("", "Target.getTargets", nil, &all)
		for _, one := range all.TargetInfos {
			var attached struct{ SessionID string }
			if one.Type == "service_worker" && strings.HasSuffix(one.URL, "/me/worker.js") && t.ask("", "Target.attachToTarget", map[string]any{"targetId": one.TargetID, "flatten": true}, &attached) == nil {
				w.target, w.session = one.TargetID, attached.SessionID
				return w
			}
		}
		if time.Now().After(end) {
			t.t.Fatalf("no worker runs: %+v", all)
		}
	}
}

// strange delivers what is no note of ours: something is shown, as browsers demand, and no
// link of it leads out of the web.
func (t *tab) strange(origin string) {
	t.t.Helper()
	t.keep = true
	t.call(t.session, "ServiceWorker.enable", nil, nil)
	t.value(`navigator.serviceWorker.ready.then(() => 1)`)
	t.keep = false
	id := ""
	for _, e := range t.events {
		var got struct {
			Registrations []struct{ RegistrationID string }
		}
		if e.Method == "ServiceWorker.workerRegistrationUpdated" && json.Unmarshal(e.Params, &got) == nil && len(got.Registrations) > 0 {
			id = got.Registrations[0].RegistrationID
		}
	}
	for data, want := range map[string]shown{
		"no JSON": {Title: "Busbar"}, "null": {Title: "Busbar"}, "[]": {Title: "Busbar"}, `{"title":1,"body":{},"link":7,"time":"x"}`: {Title: "Busbar"},
		`{"id":"s1","title":"<b>t</b>","body":"x","link":"javascript:alert(1)"}`: {Title: "<b>t</b>", Body: "x", Tag: "s1"},
		`{"id":"s2","title":"data","link":"data:text/html,x"}`:                   {Title: "data", Tag: "s2"},
	} {
		want.Data.Link = origin + "/me/history"
		same := func() (n int) {
			for _, one := range t.notifications() {
				one.Time = 0 // now
				if one == want {
					n++
				}
			}
			return n
		}
		before := same()
		end := time.Now().Add(programtest.Patience)
		for try := 0; same() <= before; try++ {
			if try%40 == 0 { // now and then the protocol's function delivers nothing
				t.call(t.session, "ServiceWorker.deliverPushMessage", map[string]any{"origin": origin, "registrationId": id, "data": data}, nil)
			}
			if time.Now().After(end) {
				t.t.Fatalf("%s is not shown: %+v", data, t.notifications())
			}
			time.Sleep(50 * time.Millisecond) // what is shown is the condition
		}
	}
}
