package web

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"busbar/common/event"
)

// FuzzAddress: whatever address is asked for, in whatever form, the answer is none of a
// server that failed, holds nothing that harms who reads it, and is the same again.
func FuzzAddress(f *testing.F) {
	s := newSite(f)
	for _, topic := range []string{"debbugs.bug.create", "wannabuild.build.fail", "dak.source.accept", "scm.branch.update"} {
		s.say(event.Envelope{Topic: "org.debian.dev." + topic, Title: hostile, Link: "javascript:alert(1)", Msg: map[string]any{
			"bug": event.Int("9"), "package": "evil", "suite": hostile, "architecture": hostile, "state": "Failed", "repository": hostile, "ref": hostile, "person": map[string]any{"name": hostile, "email": hostile},
		}})
	}
	for i, address := range []string{
		"/", "/search?q=evil&order=oldest&limit=1&after=x", "/search?format=rss&since=2026-01-02&until=x", "/package/evil?q=-tea", "/package/?name=..", "/bug/9", "/person/%00", "/list/x",
		"/trace/a%22b", "/state?package=evil", "/state/bugs?nothing=1", "/state/builds/a/b/c", "/calendar/autoremovals.ics?package=evil&bug=9", "/widget/package/evil", "/statistics?of=year&package=evil",
		"/chart.svg?hours=48&topic=x", "/chart.png?days=9", "/topics", "/health", "/badges/x?format=json", "/badges/person/a@b", "/badges/drawn/x.svg", "/message/2026-x", "/search?q=" + url.QueryEscape(hostile),
	} {
		f.Add(address, []string{"text/html", "application/json"}[i%2])
	}
	bad := []string{"<script>alert", "<img src=x", "onerror=alert(1)>", `href="javascript`, "\x1b", "\u202e", "\x00"}
	nonces := regexp.MustCompile(`(?m)^(DTSTAMP:|Date:).*$|[0-9]+ (ms|µs)`)
	f.Fuzz(func(t *testing.T, address, accept string) {
		u, err := url.ParseRequestURI(address)
		if err != nil || u.Host != "" || u.Scheme != "" || !strings.HasPrefix(address, "/") || strings.ContainsFunc(accept, func(r rune) bool { return r < ' ' || r > '~' }) || strings.ContainsFunc(address, func(r rune) bool { return r <= ' ' || r > '~' || r == '#' }) {
			return
		}
		one := *s
		one.t = t
		code, header, text := one.get(u.RequestURI(), accept)
		if code >= 500 {
			t.Fatalf("%s as %q: %d %.300s", address, accept, code, text)
		}
		if len(text) > 1<<20 {
			t.Errorf("%s as %q: %d bytes", address, accept, len(text))
		}
		switch kind, _, _ := strings.Cut(header.Get("Content-Type"), ";"); kind {
		case "text/html":
			if code == http.StatusOK && header.Get("Content-Security-Policy") == "" {
				t.Errorf("%s: nothing protects it", address)
			}
			fallthrough
		case "image/svg+xml", "application/rss+xml", "application/atom+xml", "text/calendar", "text/plain":
			for _, b := range bad {
				if strings.Contains(text, b) && kind != "text/plain" {
					t.Errorf("%s as %q: %q stands in it", address, accept, b)
				}
			}
			if !utf8.ValidString(text) {
				t.Errorf("%s as %q is no UTF-8", address, accept)
			}
		}
		if _, _, again := one.get(u.RequestURI(), accept); nonces.ReplaceAllString(again, "") != nonces.ReplaceAllString(text, "") {
			t.Errorf("%s as %q is another answer each time", address, accept)
		}
	})
}
