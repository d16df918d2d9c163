package soap

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"

	"busbar/common/answer"
)

// What can be wrong with a reply; errors.Is tells. The text says more.
var (
	// ErrTooLarge: a limit was met. Ask for less at once, or raise the limit.
	ErrTooLarge = errors.New("the reply is too large")
	// ErrCut: it ended too early. It may go better the next time.
	ErrCut = errors.New("the reply is cut short")
	// ErrNotSOAP: it is something else, as a page for people.
	ErrNotSOAP = errors.New("the reply is not SOAP")
	// ErrRefused: it has a DTD, or references that never end.
	ErrRefused = errors.New("the reply is refused")
	// ErrShape: it is SOAP, and not what was asked for.
	ErrShape = errors.New("the reply has an unexpected shape")
	// ErrSlow: it was not complete in time.
	ErrSlow = errors.New("the reply takes too long")
)

// A StatusError is an HTTP status that says no, without SOAP.
type StatusError struct {
	Code       int
	RetryAfter time.Duration // 0: not given
	Text       string        // how the body begins, in one line
}

func (e *StatusError) Error() string {
	text := fmt.Sprintf("the server answers HTTP %d %s", e.Code, http.StatusText(e.Code))
	if e.Text != "" {
		text += fmt.Sprintf(" (%s)", e.Text)
	}
	switch {
	case e.RetryAfter > 0:
		return text + ": it asks to wait for " + e.RetryAfter.String()
	case e.Code == http.StatusTooManyRequests:
		return text + ": ask more slowly"
	case e.Code == http.StatusUnauthorized || e.Code == http.StatusForbidden:
		return text + ": it bars this client; ask its administrators"
	case e.Code >= 500:
		return text + ": wait, and try again"
	}
	return text + ": is it the URL of a SOAP server?"
}

// retryAfter reads the field of that name. A day is most.
func retryAfter(h http.Header, now time.Time) time.Duration {
	return min(answer.RetryAfter(h.Get("Retry-After"), now), 24*time.Hour)
}

// line makes text from outside fit for one line of a log.
func line(s string, most int) string {
	s = strings.TrimSpace(s)
	s = strings.ToValidUTF8(s[:min(len(s), 4*most)], "\uFFFD")
	s = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
