package web

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"image/png"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"busbar/common/event"
)

// hostile is a text that means harm: tags, attributes, terminals, writing from right to
// left.
const hostile = `<script>alert(1)</script>"'><img src=x onerror=alert(1)>` + "\x1b[31m\u202egpj.exe\u0000"

// most is what the first page of anything may weigh, in bytes.
const most = 60_000

// TestPages: each page is there, is HTML that loads nothing from elsewhere, and is
// light, also where strangers mean harm.
func TestPages(t *testing.T) {
	s := newSite(t)
	said := s.sayAll()
	var id string
	for id = range said {
		break
	}
	for range 60 {
		s.say(event.Envelope{
			Topic: "org.debian.dev." + "evil.thing.do", Title: hostile + strings.Repeat("A", 1<<12), Link: "javascript:alert(1)", Origin: hostile, EventTime: hostile, Evidence: []event.Evidence{{Type: hostile, Detail: hostile}},
			Msg: map[string]any{"package": hostile, "bug": event.Int("7"), "tags": many(10_000), hostile: hostile, "url": "javascript:alert(1)", "person": map[string]any{"name": hostile, "email": hostile}},
		})
	}
	s.say(event.Envelope{Topic: "org.debian.dev.debbugs.bug.create", Msg: map[string]any{"bug": event.Int("9"), "package": "evil", "packages": many(10_000), "title": hostile + strings.Repeat("A", 1<<12), "severity": hostile, "tags": many(10_000), "person": map[string]any{"name": hostile, "email": hostile}, "url": "javascript:alert(1)"}})
	s.say(event.Envelope{Topic: "org.debian.dev.wannabuild.build.fail", Msg: map[string]any{"package": "evil", "suite": hostile, "architecture": hostile, "version": hostile, "state": "Failed", "builder": hostile, "reason": hostile}})
	s.say(event.Envelope{Topic: "org.debian.dev.dak.source.accept", Msg: map[string]any{"package": "evil", "version": hostile, "suite": []any{hostile}, "changed_by": map[string]any{"name": hostile, "email": hostile}, "date": hostile}})
	evil := event.FormatID(now, event.UUID("web", fmt.Sprint(s.n-3)))
	for address, want := range map[string]int{
		"/": 200, "/search": 200, "/search?q=teapot": 200, "/search?q=" + url.QueryEscape(hostile): 200, "/topics": 200, "/statistics": 200, "/statistics?of=year": 200, "/health": 200,
		"/package/teapot": 200, "/bug/813020": 200, "/suite/sid": 200, "/architecture/amd64": 200, "/topic/debbugs.bug": 200, "/publisher/mail2bus-one": 200, "/person/Nora%20Ortega": 200,
		"/package/" + url.PathEscape(strings.ReplaceAll(hostile, `"`, "")): 200, "/package/?name=..": 200, "/package/never": 200, "/trace/teapot": 200, "/trace/never": 200, "/trace/a%22b": 404,
		"/state": 200, "/state?package=evil": 200, "/state/bugs": 200, "/state/bugs/9": 200, "/state/bugs/10": 404, "/state/builds?package=evil": 200, "/state/uploads?package=evil": 200, "/state/refs": 200, "/state/" + url.PathEscape(hostile): 404,
		"/state/builds/?name=" + url.QueryEscape(hostile+"/"+hostile+"/evil"): 200, "/state/bugs?nothing=" + url.QueryEscape(hostile): 400, "/state?package=" + url.QueryEscape(hostile): 200,
		"/message/" + id: 200, "/message/" + evil: 200, "/message/2026-nothing": 404, "/package/": 404, "/search?q=since:never": 400, "/search?order=up": 400, "/search?after=x": 400, "/search?format=pdf": 400, "/search?limit=0": 400,
	} {
		code, header, text := s.get(address, "text/html")
		if code != want {
			t.Errorf("%s: %d, want %d: %.300s", address, code, want, text)
			continue
		}
		if header.Get("Content-Security-Policy") != policy || header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: the headers do not protect it: %v", address, header)
		}
		for _, bad := range []string{"<script>alert", "<img src=x", "onerror=alert(1)>", `href="javascript`, "\x1b", "\u202e", "\x00"} {
			if strings.Contains(text, bad) {
				t.Errorf("%s: %q stands in the page", address, bad)
			}
		}
		for _, m := range regexp.MustCompile(`(?:src|<link[^>]*href)="([^"]*)"`).FindAllStringSubmatch(text, -1) {
			if !strings.HasPrefix(m[1], "/") {
				t.Errorf("%s loads %s", address, m[1])
			}
		}
		for _, part := range []string{"<!DOCTYPE html>", `<html lang="en">`, "<title>", "<h1", `<main id="main"`} {
			if !strings.Contains(text, part) {
				t.Errorf("%s has no %s", address, part)
			}
		}
	}
	s2 := newSite(t)
	s2.sayAll()
	weight := 0
	for _, address := range []string{"/", "/static/style.css", "/static/live.js", "/static/icon.svg", "/chart.svg?hours=48"} {
		_, _, text := s2.get(address, "text/html")
		weight += len(text)
	}
	t.Logf("the first page weighs %d bytes", weight)
	if weight > most {
		t.Errorf("the first page weighs %d bytes, more than %d", weight, most)
	}
}

func many(n int) (list []any) {
	for range n {
		list = append(list, "tag")
	}
	return list
}

// TestPaging: page by page everything is there once, unchanged, in both orders, and
// with messages that come meanwhile.
func TestPaging(t *testing.T) {
	for _, order := range []string{"newest", "oldest"} {
		s := newSite(t)
		said := s.sayAll()
		got := map[string][]byte{}
		pages := 0
		for next := "/search?limit=17&order=" + order; next != ""; pages++ {
			code, _, text := s.get(next, "application/json")
			var page struct {
				Messages []json.RawMessage
				Next     string
			}
			if err := json.Unmarshal([]byte(text), &page); err != nil || code != 200 {
				t.Fatalf("%s: %d, %v: %s", next, code, err, text)
			}
			for _, m := range page.Messages {
				_, e, err := event.ParseMessage(m)
				if err != nil {
					t.Fatal(err)
				}
				if got[e.MsgID] != nil {
					t.Fatalf("%s is there twice", e.MsgID)
				}
				got[e.MsgID] = m
			}
			if next = page.Next; order == "newest" && pages == 1 {
				s.say(event.Envelope{Topic: "org.debian.dev.lists.mail.receive", Title: "late", Msg: map[string]any{}})
			}
		}
		if len(got) != len(said) || pages != (len(said)+16)/17 {
			t.Errorf("%s: %d messages on %d pages, want %d", order, len(got), pages, len(said))
		}
		for id, m := range said {
			if string(got[id]) != string(m) {
				t.Errorf("%s: %s came changed: %s", order, id, cmp.Diff(string(m), string(got[id])))
			}
		}
	}
}

// TestExport: lines of JSON are all messages, and go on behind any of them.
func TestExport(t *testing.T) {
	s := newSite(t)
	said := s.sayAll()
	_, _, text := s.get("/search?format=ndjson&order=oldest", "")
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if len(lines) != len(said) {
		t.Fatalf("%d lines, want %d", len(lines), len(said))
	}
	if got := string(oneLine([]byte("{\"a\":\r\n\"\xff\"}"))); got != "{\"a\":  \"\xff\"}" {
		t.Errorf("a message on one line is %q", got)
	}
	for _, at := range []int{0, len(lines) / 2, len(lines) - 2} {
		_, e, err := event.ParseMessage([]byte(lines[at]))
		if err != nil {
			t.Fatal(err)
		}
		_, _, rest := s.get("/search?order=oldest&after="+e.MsgID, "application/x-ndjson")
		if rest != strings.Join(lines[at+1:], "\n")+"\n" {
			t.Errorf("behind line %d comes %.200s", at, rest)
		}
	}
}

// TestFeeds: each list is a feed that programs can read, with addresses as they know
// this server.
func TestFeeds(t *testing.T) {
	s := newSite(t)
	s.sayAll()
	s.say(event.Envelope{Topic: "org.debian.dev.debbugs.bug.create", Title: hostile, Link: "https://bugs.example.org/7", Msg: map[string]any{"package": "teapot"}})
	_, header, text := s.get("/package/teapot?format=atom", "")
	var feed struct {
		Title   string `xml:"title"`
		Entries []struct {
			ID    string `xml:"id"`
			Title string `xml:"title"`
			Links []struct {
				Rel  string `xml:"rel,attr"`
				Href string `xml:"href,attr"`
			} `xml:"link"`
		} `xml:"entry"`
	}
	if err := xml.Unmarshal([]byte(text), &feed); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	if !strings.HasPrefix(header.Get("Content-Type"), "application/atom+xml") || feed.Title != "Package teapot" || len(feed.Entries) < 20 {
		t.Errorf("%s, %q, %d entries", header.Get("Content-Type"), feed.Title, len(feed.Entries))
	}
	if first := feed.Entries[0]; !strings.HasPrefix(first.Links[0].Href, s.url+"/message/") || first.Links[1].Href != "https://bugs.example.org/7" || strings.ContainsAny(first.Title, "\x1b\x00") {
		t.Errorf("the first entry is %+v", first)
	}
	var items struct {
		Version string
		Items   []struct{ ID, URL, Title string }
	}
	_, _, text = s.get("/package/teapot", "application/feed+json")
	if err := json.Unmarshal([]byte(text), &items); err != nil {
		t.Fatal(err)
	}
	if len(items.Items) != len(feed.Entries) || items.Items[0].ID != feed.Entries[0].ID {
		t.Errorf("as JSON there are %d entries, not %d", len(items.Items), len(feed.Entries))
	}
}

// TestTrace: a package's page leads to its life, where each step that followed from
// another leads to it.
func TestTrace(t *testing.T) {
	s := newSite(t)
	s.sayAll()
	if _, _, text := s.get("/package/teapot", "text/html"); !strings.Contains(text, `href="/trace/teapot"`) {
		t.Error("a package's page does not lead to its life")
	}
	_, _, text := s.get("/trace/teapot", "text/html")
	links := regexp.MustCompile(`followed from <a href="#(s\d+)">`).FindAllStringSubmatch(text, -1)
	if len(links) < 10 {
		t.Errorf("only %d steps followed from another", len(links))
	}
	for _, l := range links {
		if !strings.Contains(text, `id="`+l[1]+`"`) {
			t.Errorf("step %s is not there", l[1])
		}
	}
}

// TestLongTrace: of a long life the newest part is shown, and more where it is asked for;
// programs get all of that.
func TestLongTrace(t *testing.T) {
	s := newSite(t)
	for i := range tracePart + 50 {
		s.say(event.Envelope{Topic: "org.debian.dev.debbugs.bug.comment", Timestamp: now.Unix() - int64(i), Msg: map[string]any{"package": "teapot"}})
	}
	const more = `<a href="?all">`
	for address, want := range map[string]int{"/trace/teapot": tracePart, "/trace/teapot?all": tracePart + 50} {
		_, _, text := s.get(address, "text/html")
		if n := strings.Count(text, `<li class="line"`); n != want || strings.Contains(text, more) != (want == tracePart) {
			t.Errorf("%s has %d steps", address, n)
		}
	}
	_, _, text := s.get("/trace/teapot", "application/json")
	if n := strings.Count(text, `"step":`); n != tracePart+50 {
		t.Errorf("as JSON there are %d", n)
	}
}

// TestChart: bars have the heights of what came, also where an hour has nothing.
func TestChart(t *testing.T) {
	s := newSite(t)
	at := now.Unix()
	for _, ago := range []int64{0, 3600, 3600, 3 * 3600, 3 * 3600, 3 * 3600, 3 * 3600, 100 * 3600} {
		s.say(event.Envelope{Topic: "org.debian.dev.debbugs.bug.create", Timestamp: at - ago, Msg: map[string]any{}})
	}
	s.say(event.Envelope{Topic: "org.debian.dev.dak.source.accept", Timestamp: at, Msg: map[string]any{}})
	for address, want := range map[string][]string{
		"/chart.svg?hours=4":                     {"4", "2", "2"},
		"/chart.svg?hours=4&topic=debbugs":       {"4", "2", "1"},
		"/chart.svg?hours=4&topic=dak.source":    {"1"},
		"/chart.svg?hours=1000&topic=debbugs":    {"1", "7"},
		"/chart.svg?of=day&topic=debbugs.binary": nil,
	} {
		code, header, text := s.get(address, "")
		var got []string
		for _, m := range regexp.MustCompile(`<title>[0-9- :]+: (\d+)</title>`).FindAllStringSubmatch(text, -1) {
			got = append(got, m[1])
		}
		if code != 200 || header.Get("Content-Type") != "image/svg+xml" || !cmp.Equal(got, want) {
			t.Errorf("%s: %d, bars %v, want %v", address, code, got, want)
		}
		if err := xml.Unmarshal([]byte(text), &struct{}{}); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
	for _, address := range []string{"/chart.svg?hours=1000000", "/chart.svg?topic=dak&package=teapot", "/chart.png?hours=0"} {
		if code, _, _ := s.get(address, ""); code != http.StatusBadRequest {
			t.Errorf("%s is answered with %d", address, code)
		}
	}
	code, header, text := s.get("/chart.png?hours=4&topic=debbugs", "")
	if _, err := png.Decode(strings.NewReader(text)); code != 200 || header.Get("Content-Type") != "image/png" || err != nil {
		t.Errorf("the picture is answered with %d, %s (%v)", code, header.Get("Content-Type"), err)
	}
}

// TestStatistics: all is counted, or a topic, a package, a person, for each hour.
func TestStatistics(t *testing.T) {
	s := newSite(t)
	for i, pack := range []string{"teapot", "kettle", "teapot", "teapot"} {
		s.say(event.Envelope{Topic: "org.debian.dev.debbugs.bug.create", Timestamp: now.Unix() - int64(i/2)*3600, Msg: map[string]any{
			"package": pack, "person": map[string]any{"name": "Nora Ortega", "email": pack + "@example.org"},
			"done_by": map[string]any{"name": "Nora Ortega", "email": "nora@example.net"},
		}})
	}
	for args, want := range map[string]struct {
		total, newest int64
		all           bool
	}{
		"": {4, 2, true}, "&topic=debbugs.bug": {4, 2, false}, "&topic=dak": {}, "&package=teapot": {3, 1, false}, "&package=nothing": {},
		"&person=ortega": {4, 2, false}, "&person=kettle@": {1, 1, false},
	} {
		_, _, text := s.get("/statistics?format=json&of=day"+args, "")
		var got Statistics
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatalf("%s: %v", args, err)
		}
		var newest int64
		if len(got.Hours) > 0 {
			newest = got.Hours[len(got.Hours)-1].Count
		}
		if got.Total != want.total || newest != want.newest || (len(got.Topics) == 1) != want.all {
			t.Errorf("%s: %s", args, text)
		}
		if code, _, page := s.get("/statistics?of=day"+args, "text/html"); code != 200 || !strings.Contains(page, fmt.Sprintf("<strong>%d</strong>", want.total)) {
			t.Errorf("%s: the page is answered with %d, %s", args, code, page)
		}
	}
}

// TestForm: a client gets what it prefers.
func TestForm(t *testing.T) {
	for accept, want := range map[string]form{
		"":    html,
		"*/*": html,
		"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8": html,
		"application/json":                        jsonForm,
		"application/json, text/plain, */*":       jsonForm,
		"text/html;q=0.5, application/json;q=0.9": jsonForm,
		"application/atom+xml, text/html;q=0.1":   atomForm,
		"application/x-ndjson":                    linesForm,
		"application/json;q=x, ;;, nonsense":      html,
	} {
		r := &http.Request{URL: &url.URL{}, Header: http.Header{"Accept": {accept}}}
		if got, ok := formOf(r); got != want || !ok {
			t.Errorf("%q: %v, want %v", accept, got, want)
		}
	}
}
