package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"busbar/common/event"
)

// TestStatePages: what is now is found by package, suite and member, page by page, as a
// page and as JSON, and what cannot be asked is refused.
func TestStatePages(t *testing.T) {
	s := newSite(t)
	for i := range 30 {
		s.say(event.Envelope{Topic: "org.debian.dev.wannabuild.build.take", Msg: map[string]any{
			"package": []string{"teapot", "kettle"}[i%2], "suite": []string{"sid", "stable"}[i/2%2], "architecture": fmt.Sprint("a", i/4), "version": fmt.Sprint(i), "state": "Building"}})
	}
	s.say(event.Envelope{Topic: "org.debian.dev.wannabuild.build.forget", Msg: map[string]any{"package": "teapot", "suite": "sid", "architecture": "a0", "state": "deleted"}})
	for address, want := range map[string]int{
		"/state/builds": 29, "/state/builds?limit=4": 29, "/state/builds?gone=1&limit=7": 30, "/state/builds?package=teapot&limit=3": 14, "/state/builds?suite=stable": 14,
		"/state/builds?suite=stable&architecture=a1": 2, "/state/builds?package=teapot&suite=sid": 7, "/state/builds?package=teapot&version=4": 1, "/state/builds?package=teapot&architecture=a1": 2, "/state/bugs": 0,
	} {
		seen := map[string]bool{}
		for next := address; next != ""; {
			code, _, text := s.get(next, "application/json")
			var page struct {
				States []struct {
					Key     string
					Arrival int64
					By      struct {
						Publisher string
						Seq       int64 `json:"seq_id"`
					}
					Value map[string]any
				}
				AsOf []struct{ Head int64 } `json:"as_of"`
				Next string
			}
			if err := json.Unmarshal([]byte(text), &page); err != nil || code != 200 || len(page.AsOf) != 1 || page.AsOf[0].Head != 31 {
				t.Fatalf("%s: %d, %v: %s", next, code, err, text)
			}
			for _, x := range page.States {
				if seen[x.Key] || x.By.Seq != x.Arrival || x.By.Publisher != "mail2bus-one" || x.Key != fmt.Sprintf("%s/%s/%s", x.Value["suite"], x.Value["architecture"], x.Value["package"]) {
					t.Errorf("%s: %+v", next, x)
				}
				seen[x.Key] = true
			}
			next = page.Next
		}
		_, _, text := s.get(address, "text/html")
		if len(seen) != want || want > 0 && !strings.Contains(text, "<td") {
			t.Errorf("%s: %d states, want %d", address, len(seen), want)
		}
		if _, _, lines := s.get(strings.Split(address, "limit")[0], "application/x-ndjson"); strings.Count(lines, "\n") != want {
			t.Errorf("%s: %d lines, want %d", address, strings.Count(lines, "\n"), want)
		}
	}
	for address, want := range map[string]int{
		"/state/builds/sid/a1/teapot": 200, "/state/builds/sid/a0/teapot": 200, "/state/builds/sid/a1/never": 404, "/state/nothing": 404, "/state/nothing/x": 404, "/state/builds?version=4": 400,
		"/state/builds?nothing=4&package=teapot": 400, "/state/builds?architecture=a1": 400, "/state/builds?limit=x": 400, "/state/builds?format=atom": 400, "/state": 200, "/state/": 200, "/state?package=teapot": 200, "/state?package=never": 200,
	} {
		for _, accept := range []string{"text/html", "application/json"} {
			if code, _, text := s.get(address, accept); code != want {
				t.Errorf("%s: %d, want %d: %.300s", address, code, want, text)
			}
		}
	}
	if _, _, text := s.get("/state?package=teapot", "text/html"); strings.Contains(text, "sid/a0/teapot") || !strings.Contains(text, `href="/state/builds/sid/a1/teapot"`) {
		t.Error("of a package what is no more is shown, or what is there is not")
	}
	if code, _, text := s.get("/state/builds/sid/a0/teapot", ""); code != http.StatusOK || !strings.Contains(text, "it is no more") {
		t.Error("a thing that is no more is not said to be so")
	}
}

// TestGoldenStates: what the fixtures become has states of all kinds, whose pages lead to
// the messages.
func TestGoldenStates(t *testing.T) {
	s := newSite(t)
	s.sayAll()
	for _, p := range []string{"bugs", "builds", "uploads", "refs", "overrides", "removals"} {
		_, _, text := s.get("/state/"+p+"?gone=1&limit=1000", "application/json")
		var page struct{ States []struct{ Key string } }
		if err := json.Unmarshal([]byte(text), &page); err != nil || len(page.States) == 0 {
			t.Errorf("%s: %d states, %v", p, len(page.States), err)
			continue
		}
		t.Logf("%d %s", len(page.States), p)
		code, _, one := s.get(pathOf("state/"+p, page.States[0].Key), "text/html")
		if code != 200 || !strings.Contains(one, `href="/message/`) {
			t.Errorf("%s %s: %d", p, page.States[0].Key, code)
		}
	}
}
