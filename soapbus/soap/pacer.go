package soap

import (
	"context"
	"time"
)

// A Pacer keeps the same distance between the starts of requests, without
// bursts. The first one waits, too, so that a program which is started again
// and again asks no more often than one that runs.
type Pacer struct {
	spacing time.Duration
	turn    chan time.Time // holds when the next may start
}

// NewPacer paces to rate requests a minute; not more than 0 is no pace.
func NewPacer(rate float64) *Pacer {
	p := &Pacer{turn: make(chan time.Time, 1)}
	if rate > 0 {
		p.spacing = time.Duration(float64(time.Minute) / rate)
	}
	p.turn <- time.Now().Add(p.spacing)
	return p
}

// Spacing is the distance.
func (p *Pacer) Spacing() time.Duration { return p.spacing }

// Wait returns when the caller may start a request.
func (p *Pacer) Wait(ctx context.Context) error {
	var next time.Time
	select {
	case next = <-p.turn:
	case <-ctx.Done():
		return ctx.Err()
	}
	timer := time.NewTimer(time.Until(next))
	defer timer.Stop()
	select {
	case <-timer.C:
		p.turn <- time.Now().Add(p.spacing)
		return ctx.Err()
	case <-ctx.Done():
		p.turn <- next
		return ctx.Err()
	}
}
