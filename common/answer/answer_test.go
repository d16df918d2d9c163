package answer

import (
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "0": 0, "120": 2 * time.Minute, " 7 ": 7 * time.Second, "-5": 0, "soon": 0, "99999999999999": 0,
		now.Add(time.Hour).Format(http.TimeFormat):  time.Hour,
		now.Add(-time.Hour).Format(http.TimeFormat): 0,
	} {
		if got := RetryAfter(text, now); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestStatus(t *testing.T) {
	for _, c := range []struct {
		code int
		text string
		want string
	}{
		{404, "", "it answers 404 Not Found"},
		{404, " no such list\nat all", "it answers 404 Not Found: no such list"},
		{799, "what", "it answers 799: what"},
		{500, "a\x1b[2Jb", "it answers 500 Internal Server Error: a\ufffd[2Jb"},
		{401, `{"token=hunter22"}`, `it answers 401 Unauthorized: {"token=xxxxx"}`},
	} {
		if got := Status(c.code, []byte(c.text)); got != c.want {
			t.Errorf("%d %q: %q, want %q", c.code, c.text, got, c.want)
		}
	}
	if got := Status(500, []byte(strings.Repeat("ü", 4096))); len(got) > 300 || !utf8.ValidString(got) {
		t.Errorf("%d bytes: %q", len(got), got)
	}
}
