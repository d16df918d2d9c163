package present

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"busbar/adapters/debbugs"
	"busbar/common/state"
	"busbar/soapbus/tracker"
)

// Tracker is a bug tracker that is asked by SOAP, so many times a minute at most.
func Tracker(url string, rate int) (Source, error) {
	const patience = 2 * time.Minute
	c, err := tracker.New(tracker.Options{URL: url, Rate: float64(rate), Timeout: patience})
	if err != nil {
		return nil, err
	}
	return bugs{c}, nil
}

type bugs struct{ *tracker.Client }

func (bugs) Close() error { return nil }

func (b bugs) compare(ctx context.Context, states States, keys []string) (f Found, err error) {
	p := debbugs.Present()
	var some []thing
	take := func(t thing) error {
		if some = append(some, t); len(some) < tracker.MaxStatus {
			return nil
		}
		err := b.some(ctx, some, &f)
		some = some[:0]
		return err
	}
	if err := hand(ctx, states, p, keys, take); err != nil {
		return f, err
	}
	return f, b.some(ctx, some, &f)
}

// some asks for the bugs of things, and compares them.
func (b bugs) some(ctx context.Context, things []thing, f *Found) error {
	if len(things) == 0 {
		return nil
	}
	numbers := make([]int, len(things))
	for i, t := range things {
		n, err := strconv.Atoi(t.Key)
		if err != nil || n < 1 {
			return fmt.Errorf("comparing bugs: %.80q is no number of one", t.Key)
		}
		numbers[i] = n
	}
	now, err := b.Status(ctx, numbers)
	broken := (*tracker.BrokenError)(nil)
	if err != nil && !errors.As(err, &broken) {
		return err
	}
	for i, t := range things {
		if broken != nil && broken.Bugs[numbers[i]] != nil {
			f.add(t.Key, []state.Difference{{Member: "record", Said: "something", Is: broken.Bugs[numbers[i]].Error()}})
			continue
		}
		var is *debbugs.Status
		if s, there := now[numbers[i]]; there {
			is = &s
		}
		list, err := debbugs.Differs(t.Value, is)
		if err != nil {
			return err
		}
		f.add(t.Key, list)
	}
	return nil
}

// hand hands over all states of a kind, or those with some keys.
func hand(ctx context.Context, states States, p state.Projection, keys []string, take func(thing) error) error {
	if keys == nil {
		return states.each(ctx, p, take)
	}
	for _, key := range keys {
		t, known, err := states.one(ctx, p, key)
		if err == nil && known {
			err = take(t)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
