package mastodon

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"busbar/bus/notify/dest"
	"busbar/bus/notify/dest/desttest"
	"busbar/bus/notify/dest/outside"
)

// post is what a server does with a status.
func post(r *http.Request, body []byte) desttest.Accepted {
	var s status
	switch {
	case r.Method != http.MethodPost || r.URL.Path != "/api/v1/statuses":
		return desttest.Accepted{Status: http.StatusNotFound}
	case r.Header.Get("Authorization") != "Bearer tea":
		return desttest.Accepted{Status: http.StatusUnauthorized, Body: `{"error":"The access token is invalid"}`}
	case json.Unmarshal(body, &s) != nil || s.Status == "" || utf8.RuneCountInString(s.Status) > 500:
		return desttest.Accepted{Status: http.StatusUnprocessableEntity, Body: `{"error":"Validation failed: Text character limit of 500 exceeded"}`}
	}
	to := s.Visibility
	if to == "direct" {
		to, _, _ = strings.Cut(s.Status, " ")
	}
	return desttest.Accepted{Arrived: desttest.Arrived{To: to, Text: s.Status}, ID: r.Header.Get("Idempotency-Key")}
}

func start(t *testing.T) (*desttest.Web, func(*testing.T) dest.Destination) {
	web := desttest.NewWeb(t)
	web.Accept = post
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("tea\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return web, func(t *testing.T) dest.Destination {
		d, err := Config{web.URL() + "/", file, 500}.Open(outside.Config{})
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
}

func TestDestination(t *testing.T) {
	desttest.Run(t, func(t *testing.T) desttest.Far {
		web, open := start(t)
		far := web.Far()
		far.Refuse = func(to string) {
			web.RefusedStatus = http.StatusUnprocessableEntity
			web.Refuse(to)
		}
		far.Open = open
		far.To = func(i int) string { return [...]string{"@jane@example.org", "unlisted", "@joe"}[i] }
		far.Wrong = []string{"", "jane", "direct", "@", "@jane@", "@jane doe", "@jane@example.org @joe"}
		return far
	})
}

func TestAnswers(t *testing.T) {
	web, open := start(t)
	d := open(t)
	defer d.Close()
	for status, want := range map[int]dest.Fate{
		401: dest.Retry, 403: dest.Retry, 404: dest.Dead, 409: dest.RetryOne, 422: dest.Dead, 429: dest.Retry, 500: dest.Retry, 503: dest.Retry,
	} {
		web.Accept = func(*http.Request, []byte) desttest.Accepted { return desttest.Accepted{Status: status} }
		if err := d.Send(t.Context(), desttest.Note("a-1", "public", "mark")); err == nil || dest.FateOf(err).Fate != want {
			t.Errorf("%d: %v", status, err)
		}
	}
}

func TestStatuses(t *testing.T) {
	long := strings.Repeat("wörds and ", 100)
	for _, c := range []struct{ to, subject, text, link, want string }{
		{"public", "a bug", "", "", "a bug"},
		{"public", "a bug", "More.\n", "https://example.org/1", "a bug\n\nMore.\nhttps://example.org/1"},
		{"@jane@example.org", "a bug", "", "javascript:x", "@jane@example.org a bug"},
		{"public", "hello, @joe and @joe@example.org, jane@example.org, (@x) ü@y", "", "", "hello, ＠joe and ＠joe@example.org, jane@example.org, (＠x) ü@y"},
	} {
		s := statusOf(dest.Note{To: c.to, Subject: c.subject, Text: c.text, Link: c.link}, 500)
		if s.Status != c.want || (s.Visibility == "direct") != strings.HasPrefix(c.to, "@") {
			t.Errorf("%+v: %+v", c, s)
		}
	}
	for _, to := range []string{"public", "@jane@example.org"} {
		for _, n := range []dest.Note{{To: to, Subject: long, Text: long}, {To: to, Subject: "short", Text: long, Link: "https://example.org/" + strings.Repeat("x", 2000), Time: time.Now()}} {
			s := statusOf(n, 500)
			if n.Link != "" {
				s.Status = strings.ReplaceAll(s.Status, n.Link, strings.Repeat("l", linkLength))
			}
			if got := utf8.RuneCountInString(s.Status); got > 500 || got < 480 || !utf8.ValidString(s.Status) {
				t.Errorf("%d characters: %.600s", got, s.Status)
			}
		}
	}
}
