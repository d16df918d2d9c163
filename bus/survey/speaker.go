package survey

import (
	"crypto/sha256"
	"math"
	"strconv"
	"strings"
	"time"

	"busbar/common/event"
	"busbar/common/runes"
	"busbar/common/sign"
	"busbar/common/wire"
)

// take keeps what a message tells of who speaks.
func (e *Endpoint) take(d wire.Delivery, now time.Time) {
	if d.Err != nil {
		e.refused(d)
		return
	}
	member, ok := d.Tree["certificate"].(string)
	if !ok {
		member = d.Verdict.Signer // an OpenPGP key
	}
	digest := sha256.Sum256([]byte(member))
	s := e.known(d, digest)
	if s == nil {
		n := Speaker{Publisher: short(d.Envelope.Publisher), certificate: digest, Verified: d.Verdict.OK}
		if n.shown(d.Tree); n.Verified {
			n.Certificate = short(d.Verdict.Signer)
		}
		if s = e.add(n); s == nil {
			e.Others++
			return
		}
	}
	s.Epoch = short(d.Envelope.Epoch)
	if !d.Heartbeat {
		s.Newest = max(s.Newest, d.Envelope.Seq)
		s.Message = later(s.Message, time.Unix(d.Envelope.Timestamp, 0).UTC())
		return
	}
	msg, _ := d.Envelope.Msg.(map[string]any)
	if n, ok := number(msg["newest"]); ok {
		s.Newest = n // also less: its journal may have been put back
	}
	if n, ok := number(msg["interval"]); ok {
		s.Interval = float64(min(n, 1<<31))
	}
	// The publisher's time is in whole seconds, so it is half a second later on average.
	s.Heartbeat, s.Skew = now.UTC(), 0
	if skew := time.Unix(d.Envelope.Timestamp, 0).Add(time.Second / 2).Sub(now).Seconds(); math.Abs(skew) > 1 {
		s.Skew = math.Round(skew)
	}
}

// known finds the speaker of a message whose certificate was seen before.
func (e *Endpoint) known(d wire.Delivery, digest [32]byte) *Speaker {
	for i := range e.Speakers {
		if s := &e.Speakers[i]; s.Publisher == d.Envelope.Publisher && s.certificate == digest {
			return s
		}
	}
	return nil
}

// add keeps a speaker, in the place of what was known of it; nil: there are too many.
func (e *Endpoint) add(n Speaker) *Speaker {
	for i := range e.Speakers {
		s := &e.Speakers[i]
		if s.Publisher != n.Publisher || s.Certificate != n.Certificate {
			continue
		}
		if n.certificate == ([32]byte{}) { // as it answered when it was asked
			s.Rate = n.Rate
			s.Newest, s.Message = max(s.Newest, n.Newest), later(s.Message, n.Message)
			return s
		}
		s.certificate, s.Until, s.Verified = n.certificate, n.Until, n.Verified
		return s
	}
	if len(e.Speakers) == maxSpeakers {
		return nil
	}
	e.Speakers = append(e.Speakers, n)
	return &e.Speakers[len(e.Speakers)-1]
}

// short is a copy of a stranger's name: a part of the message's text would keep all of it.
func short(name string) string {
	name, _ = runes.Cut(name, maxName)
	return strings.Clone(name)
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func number(v any) (int64, bool) {
	text, _ := v.(event.Int)
	n, err := strconv.ParseInt(string(text), 10, 64)
	return n, err == nil && n >= 0 && n <= wire.MaxSeq
}

// refused keeps why a message was not believed; only of the first few it reads who
// they say that they are.
func (e *Endpoint) refused(d wire.Delivery) {
	r := Refusal{Reason: strings.TrimPrefix(d.Err.Error(), "verifying a message: ")}
	if len(e.Refusals) < maxRefusals {
		if tree, envelope, err := event.ParseMessage(d.Body); err == nil {
			r.Publisher = envelope.Publisher
			if name, _, err := sign.Shown(tree); err == nil {
				r.Certificate = short(name)
			}
		}
	}
	e.refuse(r)
}

func (e *Endpoint) refuse(r Refusal) {
	e.Refused++
	r.Reason, r.Publisher = short(r.Reason), short(r.Publisher)
	for _, known := range e.Refusals {
		if known.Reason == r.Reason {
			return
		}
	}
	if len(e.Refusals) < maxRefusals {
		e.Refusals = append(e.Refusals, r)
	}
}
