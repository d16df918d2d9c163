package push

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"busbar/common/answer"
	"busbar/common/drain"
	"busbar/common/secret"
	"busbar/common/webhook"
)

// errTooLarge says that the receiver takes no request of this size.
var errTooLarge = errors.New("the request is too large")

// goneFor is for how long a receiver is left alone that says that it is gone for good.
const goneFor = 10 * time.Minute

// verdict is what an answer means; nil: the receiver has the messages.
func verdict(resp *http.Response, text []byte, now time.Time) error {
	code := resp.StatusCode
	if code/100 == 2 {
		return nil
	}
	err := errors.New(answer.Status(code, text) + clocks(resp, now))
	pause := answer.RetryAfter(resp.Header.Get("Retry-After"), now)
	switch code {
	case http.StatusRequestEntityTooLarge:
		return fmt.Errorf("%w (%w): %w", err, errTooLarge, drain.ErrRefused)
	case http.StatusBadRequest, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity:
		return fmt.Errorf("%w: %w", err, drain.ErrRefused)
	case http.StatusUnauthorized, http.StatusForbidden:
		err = fmt.Errorf("%w (look at [push] secret_file on both sides, at the certificate if it wants one, and at the clocks)", err)
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		err = fmt.Errorf("%w (look at [push] url)", err)
	case http.StatusGone:
		err, pause = fmt.Errorf("%w: for good, it says (correct [push] url, or take it out)", err), max(pause, goneFor)
	}
	if code/100 == 3 {
		err = fmt.Errorf("%w, to %s: redirects are not followed (set [push] url to where the receiver is)", err, answer.Clip(secret.Redact(resp.Header.Get("Location"))))
	}
	if pause > 0 {
		return &drain.Later{Wait: pause, Err: err}
	}
	return err
}

// clocks says that the receiver's clock is so far from ours that it cannot believe us.
func clocks(resp *http.Response, now time.Time) string {
	theirs, err := http.ParseTime(resp.Header.Get("Date"))
	if by := now.Sub(theirs); err == nil && by.Abs() > webhook.Tolerance/2 {
		return fmt.Sprintf(" (its clock and ours differ by %s)", by.Abs().Round(time.Second))
	}
	return ""
}
