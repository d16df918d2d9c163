// Package answer reads of an HTTP answer what the one who asked does next, and what
// people get to read of it.
//
// Not here: asking, and what a status means to whom (common/push,
// bus/notify/dest/outside).
package answer

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"busbar/common/runes"
	"busbar/common/secret"
	"busbar/common/show"
)

// mostShown is how much of a stranger's text an error holds, in bytes.
const mostShown = 200

// Status is the answer as an error says it: "it answers 404 Not Found: no such list".
// text is its body, or the beginning of that.
func Status(code int, text []byte) string {
	return strings.TrimSpace(fmt.Sprintf("it answers %d %s", code, http.StatusText(code))) + said(text)
}

// said is the first line of an answer.
func said(text []byte) string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
	if line == "" {
		return ""
	}
	return ": " + Clip(secret.Scrub(line))
}

// Clip is a stranger's text on one line, at most 200 bytes of it.
func Clip(s string) string {
	s, _ = runes.Cut(show.OneLine(s), mostShown)
	return s
}

// RetryAfter is how long the far side wants to be left alone, as the header of this
// name says it: seconds, or a date (RFC 9110 §10.2.3). 0: it does not say.
func RetryAfter(text string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(strings.TrimSpace(text), 10, 32); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if until, err := http.ParseTime(text); err == nil {
		return max(0, until.Sub(now))
	}
	return 0
}
