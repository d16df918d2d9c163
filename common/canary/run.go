package canary

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"busbar/common/event"
	"busbar/common/journal"
	"busbar/common/runes"
	"busbar/common/translate"
)

// ErrNotYet is what an error of [Route].Send wraps where none can be sent yet: the
// program has just begun.
var ErrNotYet = errors.New("it is too early")

const (
	// sendPatience bounds what one Send may take.
	sendPatience = 2 * time.Minute
	// The pause after a failed one doubles from the first to the interval.
	firstAgain = time.Second
	// looks are made several times in an interval, and no less often than
	longestLook = 10 * time.Second
	// overdueAfter is for how many intervals none may come.
	overdueAfter = 2
)

// Run sends canaries and looks whether they come, until ctx ends.
func (k *Keeper) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	wg.Go(func() { k.sendAll(ctx) })
	defer wg.Wait()
	tick := time.NewTicker(min(max(k.o.Route.Interval/8, 20*time.Millisecond), longestLook))
	defer tick.Stop()
	for {
		if err := k.look(ctx); err != nil && ctx.Err() == nil {
			k.o.Log.Warn("what became of canaries cannot be stored or read; trying again", "channel", k.o.Channel, "error", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// sendAll sends one after the other.
func (k *Keeper) sendAll(ctx context.Context) {
	for failures := 0; ; {
		wait := k.o.Route.Interval
		wait += time.Duration((rand.Float64() - 0.5) * 0.2 * float64(wait))
		err := k.send(ctx)
		if ctx.Err() != nil {
			return
		}
		switch {
		case err == nil:
			failures = 0
		case errors.Is(err, ErrNotYet):
			wait = min(wait, firstAgain)
		default:
			if failures == 0 {
				k.o.Log.Warn("canary could not be sent; trying again", "channel", k.o.Channel, "error", err)
			}
			wait = min(wait, firstAgain<<min(failures, 20))
			failures++
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

// send sends one. Numbers grow, also where the clock goes back.
func (k *Keeper) send(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, sendPatience, fmt.Errorf("it took longer than %s", sendPatience))
	defer cancel()
	now := k.o.Now()
	k.mu.Lock()
	number := max(now.UnixMilli(), k.sent+1, k.accepted.Number+1)
	k.sent = number
	k.mu.Unlock()
	err := k.o.Route.Send(ctx, k.o.Key.token(k.o.Publisher, k.o.Channel, number, now))
	if err != nil && ctx.Err() != nil {
		err = errors.Join(context.Cause(ctx), err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.failed = err; err == nil {
		k.sentAt = now
		k.count++
	}
	return err
}

// look compares what was sent with what came, and says what changed: a break, and its
// end, each once.
func (k *Keeper) look(ctx context.Context) error {
	var p passed
	if _, err := k.kept(ctx, Pass, &p); err != nil {
		return err
	}
	now := k.o.Now()
	k.mu.Lock()
	if p.Number != k.last.Number {
		k.last, k.noticed = p, now
	}
	broken := k.missed
	late := now.Sub(k.noticed) > overdueAfter*k.o.Route.Interval
	switch {
	case broken != nil && p.Number == broken.After.Number:
		k.overdue = time.UnixMilli(broken.Since)
	case broken != nil: // it is over once that is said
	case late && k.overdue.IsZero():
		k.overdue = now
	case !late:
		k.overdue = time.Time{}
	}
	over, reason := k.overdue, k.reason()
	k.mu.Unlock()
	c := Canary{Adapter: k.o.Adapter, Publisher: k.o.Publisher, Channel: k.o.Channel, Interval: k.o.Route.Interval.Milliseconds()}
	switch {
	case broken != nil && p.Number != broken.After.Number:
		c.What, c.Number, c.Last, c.Seen = Return, broken.After.Number, unixMilli(broken.After.Seen), unixMilli(p.Seen)
		if err := k.say(ctx, c, k.keep(Miss, nil)); err != nil {
			return err
		}
		k.setMissed(nil)
		k.o.Log.Info("canaries come through again", "channel", k.o.Channel)
	case broken == nil && !over.IsZero():
		m := &missed{After: p, Since: over.UnixMilli()}
		c.What, c.Number, c.Last, c.Noticed, c.Reason = Miss, p.Number, unixMilli(p.Seen), now, reason
		if err := k.say(ctx, c, k.keep(Miss, m)); err != nil {
			return err
		}
		k.setMissed(m)
		k.o.Log.Error("no canary comes through", "channel", k.o.Channel, "last", event.Stamp(c.Last), "because", reason, "hint", k.o.Route.Hint)
	}
	return nil
}

func (k *Keeper) setMissed(m *missed) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.missed = m; m == nil {
		k.overdue = time.Time{}
	}
}

// say publishes what there is to say, with the state that follows.
func (k *Keeper) say(ctx context.Context, c Canary, state event.State) error {
	e, err := c.Event()
	if err != nil {
		return err
	}
	_, err = k.o.Journal.Append(ctx, journal.Record{
		Origin: "canaries of " + k.o.Channel, Translator: "canary", Item: translate.JSON(c), Events: []event.Event{e}, States: []event.State{state},
	})
	return err
}

// reason is what is known of why none comes. The caller holds the lock.
func (k *Keeper) reason() string {
	const most = 500
	switch {
	case k.failed != nil:
		text, _ := runes.Cut("none can be sent: "+k.failed.Error(), most)
		return text
	case k.amiss != "":
		return "the last one came, but " + k.amiss
	}
	return ""
}

// unixMilli is a time of the journal's; zero where it has none.
func unixMilli(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}
