package outside

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"busbar/bus/notify/dest"
	"busbar/common/answer"
	"busbar/common/secret"
)

// OK says that the far side has it.
func (r *Reply) OK() bool { return r.Code/100 == 2 }

// Err is the answer as an error, without a meaning.
func (r *Reply) Err() error {
	if r.Code/100 == 3 {
		return fmt.Errorf("%s, to %s: redirects are not followed", answer.Status(r.Code, nil), answer.Clip(secret.Redact(r.Header.Get("Location"))))
	}
	return errors.New(answer.Status(r.Code, r.Body))
}

// Wait is for how long it wants to be left alone; 0: it does not say.
func (r *Reply) Wait() time.Duration {
	return answer.RetryAfter(r.Header.Get("Retry-After"), time.Now())
}

// Verdict is what the answer of a far side means by HTTP alone (RFC 9110 §15). alone
// says that it serves one address, as a person's webhook does: when it does not work,
// other addresses may.
func (r *Reply) Verdict(alone bool) error {
	passes := &dest.Error{Err: r.Err(), Wait: r.Wait()}
	if alone {
		passes.Fate = dest.RetryOne
	}
	switch {
	case r.OK():
		return nil
	case r.Code == http.StatusGone:
		return dest.Unreachable(r.Err())
	case r.Code == http.StatusRequestTimeout, r.Code == http.StatusTooEarly, r.Code == http.StatusTooManyRequests, r.Code/100 != 4:
		return passes
	}
	return dest.Refused(r.Err())
}

// Alone is an error of Do for a far side that serves one address: it holds up no other.
func Alone(err error) error {
	e := dest.FateOf(err)
	if err == nil || e.Fate != dest.Retry {
		return err
	}
	e.Fate = dest.RetryOne
	return &e
}
