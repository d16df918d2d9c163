package push

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"busbar/common/drain"
)

// FuzzVerdict: whatever a receiver answers, it has the messages by 2xx alone; any other
// answer is refused, waits, or is tried again, and is said on one short line.
func FuzzVerdict(f *testing.F) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	f.Add(200, []byte("ok"), "", "", "")
	f.Add(413, []byte("too large"), "5", now.Add(time.Hour).Format(http.TimeFormat), "")
	f.Add(302, []byte("\x1b[2J\n"), "", "x", "https://jane:Pw12345678@h.example.org/\u202e")
	f.Add(410, []byte("\xff"), "99999999999", "", "")
	f.Add(-2, []byte{}, now.Format(http.TimeFormat), now.Add(-time.Hour).Format(http.TimeFormat), "%")
	f.Fuzz(func(t *testing.T, code int, text []byte, after, date, location string) {
		resp := &http.Response{StatusCode: code, Header: http.Header{"Retry-After": {after}, "Date": {date}, "Location": {location}}}
		err := verdict(resp, text, now)
		if (err == nil) != (code/100 == 2) {
			t.Fatalf("%d is %v", code, err)
		}
		if err == nil {
			return
		}
		said := err.Error()
		if !utf8.ValidString(said) || strings.ContainsAny(said, "\r\n\x1b\x00\u202e") || len(said) > 2000 || strings.Contains(said, "Pw12345678") && strings.Contains(location, "://jane:Pw12345678@") && !strings.Contains(string(text), "Pw12345678") {
			t.Errorf("%d %q %q is said as %q", code, text, location, said)
		}
		if later, ok := errors.AsType[*drain.Later](err); ok && (later.Wait <= 0 || errors.Is(err, drain.ErrRefused)) {
			t.Errorf("%d waits %s, and is %v", code, later.Wait, err)
		}
		if refused := code == 400 || code == 413 || code == 415 || code == 422; refused != errors.Is(err, drain.ErrRefused) {
			t.Errorf("%d is %v", code, err)
		}
		if again := verdict(resp, text, now); again.Error() != said {
			t.Errorf("%d is %v, then %v", code, err, again)
		}
	})
}
