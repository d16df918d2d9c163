package web

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"busbar/common/event"
)

// warn says that a package is marked for removal.
func (s *testSite) warn(pkg, day string, bugs ...any) {
	s.say(event.Envelope{Topic: "org.debian.dev.release.package.warn", Title: "marked", Msg: map[string]any{
		"package": pkg, "version": "1.0-1", "suite": "testing", "removal_date": day + "T00:00:00Z", "bugs": bugs, "depends_bugs": []any{}, "url": "u"}})
}

// TestCalendar: planned removals are days of a calendar that programs can read (RFC
// 5545): lines end and are folded as they should be, texts are escaped, each has an id
// that stays; what was removed, and what is long over, is left out.
func TestCalendar(t *testing.T) {
	s := newSite(t)
	many := []any{}
	for i := range 60 {
		many = append(many, event.Int(fmt.Sprint(800000+i)))
	}
	s.warn("teapot", "2026-12-24", many...)
	s.warn("kettle", "2026-12-31")
	s.warn("old", "2026-10-01")
	s.warn("gone", "2026-12-25")
	s.say(event.Envelope{Topic: "org.debian.dev.britney.package.remove", Msg: map[string]any{"package": "gone", "suite": "testing"}})
	evil := hostile + "\r\nBEGIN:VEVENT\r\n,;\\ ärgerlich чайник " + strings.Repeat("ü", 200)
	s.warn(evil, "2026-12-26")
	s.warn("x", "never")
	for address, want := range map[string][]string{
		"/calendar/autoremovals.ics":                               {"20261224", "20261226", "20261231"},
		"/calendar/autoremovals.ics?package=teapot":                {"20261224"},
		"/calendar/autoremovals.ics?package=teapot&package=kettle": {"20261224", "20261231"},
		"/calendar/autoremovals.ics?package=never":                 nil,
	} {
		code, header, text := s.get(address, "")
		if code != 200 || header.Get("Content-Type") != "text/calendar; charset=utf-8" || !strings.HasSuffix(text, "END:VCALENDAR\r\n") {
			t.Fatalf("%s: %d, %v", address, code, header)
		}
		for line := range strings.SplitSeq(strings.TrimSuffix(text, "\r\n"), "\r\n") {
			if len(line) > 75 || !utf8.ValidString(line) || strings.ContainsAny(line, "\r\n\x1b\x00\u202e") || !regexp.MustCompile(`^( |[A-Z;=-]+:)`).MatchString(line) {
				t.Errorf("%s: the line %q", address, line)
			}
		}
		whole := strings.ReplaceAll(text, "\r\n ", "")
		days := map[string]bool{}
		for _, m := range regexp.MustCompile(`(?m)^DTSTART;VALUE=DATE:(\d{8})\r$`).FindAllStringSubmatch(whole, -1) {
			days[m[1]] = true
		}
		if len(days) != len(want) || strings.Count(whole, "\r\nBEGIN:VEVENT\r\n") != len(want) || strings.Count(whole, "\r\nUID:") != len(want) {
			t.Errorf("%s: days %v, want %v", address, days, want)
		}
		for _, day := range want {
			if !days[day] {
				t.Errorf("%s: %s is not there", address, day)
			}
		}
		if address == "/calendar/autoremovals.ics?package=teapot" && (!strings.Contains(whole, `SUMMARY:teapot 1.0-1 is to be removed from testing`) || !strings.Contains(whole, "DTEND;VALUE=DATE:20261225\r\n") ||
			!strings.Contains(whole, "UID:removal/testing/teapot@busbar\r\n") || !strings.Contains(whole, "DESCRIPTION:Bugs of its own: #800000") || !strings.Contains(whole, "URL:"+s.url+"/trace/teapot\r\n")) {
			t.Errorf("the calendar is %s", whole)
		}
	}
	if code, _, _ := s.get("/calendar/autoremovals.ics?package="+strings.Repeat("x&package=", 200), ""); code != 400 {
		t.Errorf("too many packages: %d", code)
	}
}

// TestWidget: a package fits into another's frame, with a policy of its own; other pages
// do not.
func TestWidget(t *testing.T) {
	s := newSite(t)
	s.sayAll()
	s.warn("teapot", "2026-12-24")
	s.say(event.Envelope{Topic: "org.debian.dev.wannabuild.build.fail", Msg: map[string]any{"package": "teapot", "suite": hostile, "architecture": "arm64", "version": "1", "state": "Failed"}})
	code, header, text := s.get("/widget/package/teapot", "text/html")
	if code != 200 || header.Get("Content-Security-Policy") != embedded || strings.Contains(text, "<script") || len(text) > 6000 {
		t.Errorf("%d, %v, %d bytes: %s", code, header, len(text), text)
	}
	for _, want := range []string{"teapot", "open bugs", "2026-12-24", "Failed", `href="` + s.url + `/state?package=teapot"`, `href="/static/widget.css"`} {
		if !strings.Contains(text, want) {
			t.Errorf("the widget has no %q: %s", want, text)
		}
	}
	for _, bad := range []string{"onerror=alert(1)>", "\x1b", "\u202e", "\x00"} {
		if strings.Contains(text, bad) {
			t.Errorf("%q stands in the widget", bad)
		}
	}
	if _, _, text := s.get("/widget/package/never", ""); !strings.Contains(text, "Nothing is known") {
		t.Error("of what is not known something is shown")
	}
	if code, _, _ := s.get("/widget/package/a%22b", ""); code != 404 {
		t.Errorf("a name that is none: %d", code)
	}
	if _, header, _ := s.get("/package/teapot", "text/html"); !strings.Contains(header.Get("Content-Security-Policy"), "frame-ancestors 'self'") {
		t.Error("other pages fit into frames, too")
	}
}
