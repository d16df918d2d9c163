package config

import (
	"fmt"
	"time"

	"busbar/common/archive"
	"busbar/common/config"
	"busbar/common/program"
	"busbar/common/sign"
	"busbar/common/subscribe"
)

// Begin reads a flag --from: where to begin without a position. doing is what fails
// otherwise.
func Begin(text, doing string, now time.Time) (subscribe.From, error) {
	switch text {
	case "", "now":
		return subscribe.Now(), nil
	case "start":
		return subscribe.Start(), nil
	}
	t, ok := Moment(text, now)
	if !ok {
		return subscribe.From{}, fmt.Errorf("%s: --from %q is not now, start, a time such as 2026-01-31T12:00:00Z or 2026-01-31, or a while ago such as 2h", doing, text)
	}
	return subscribe.Since(t), nil
}

// Moment reads a time as people write it, or as a while ago (archive.ParseMoment).
func Moment(text string, now time.Time) (t time.Time, ok bool) {
	t, err := archive.ParseMoment(text, now)
	return t, err == nil
}

// Required is Verifier for commands that need an authority unless they are told to do
// without: then it is nil. doing and does are the command's work in the error.
func (t Trust) Required(p *program.Env, c config.Sign, without bool, doing, does string) (*sign.Verifier, error) {
	if without {
		return nil, nil
	}
	v, err := t.Verifier(p, c)
	if err == nil && v == nil {
		err = fmt.Errorf("%s: no authority is known, so that anybody could say anything (give --ca and --crl, or --keyring, or set [sign] ca or keyring; --no-verify %s all the same)", doing, does)
	}
	return v, err
}
