package answer

import (
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// FuzzAnswer: whatever a server answers, an error says it on one short line that commands
// no terminal, and the wait that it asks for is one, and no longer than it says.
func FuzzAnswer(f *testing.F) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	f.Add(404, []byte("no such list\nx"), "120")
	f.Add(503, []byte("\x1b[2J\u202e https://jane:Pw12345678@h/?token=x"+strings.Repeat("é", 200)), now.Add(time.Hour).Format(http.TimeFormat))
	f.Add(-1, []byte("\xff\x00"), " 4294967296 ")
	f.Add(299, []byte{}, "-5")
	f.Fuzz(func(t *testing.T, code int, text []byte, after string) {
		said := Status(code, text)
		if !utf8.ValidString(said) || strings.ContainsAny(said, "\r\n\x1b\x00\u202e\u2028") || len(said) > mostShown+100 {
			t.Errorf("%d %q is said as %q", code, text, said)
		}
		if again := Status(code, text); again != said {
			t.Errorf("%d %q is said as %q, then %q", code, text, said, again)
		}
		wait := RetryAfter(after, now)
		if wait < 0 || wait > 1<<32*time.Second && !strings.Contains(after, "GMT") && len(after) < 20 {
			t.Errorf("%q is %s", after, wait)
		}
	})
}
