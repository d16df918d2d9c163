package main

import (
	"context"
	"fmt"

	"busbar/common/translate"
	"busbar/scmhook/webhook"
)

// handed is a channel of pushes that somebody hands in and waits for: the
// webhooks' server, which answers its caller once they are durable. One is out at
// a time, for each is planned from what was published before it.
type handed struct {
	in   chan handIn
	plan func(context.Context, *translate.Item[any], []string) error
	// flight is closed when the push that was handed out is durable, or has
	// failed; nil: none is out.
	flight chan struct{}
	idle   func() // called when nobody waits for an answer; may be nil
}

type handIn struct {
	webhook.Delivery
	answer chan error
}

func newHanded(plan func(context.Context, *translate.Item[any], []string) error) *handed {
	return &handed{in: make(chan handIn), plan: plan}
}

// Submit hands a push in; nil means that what became of it is on disk. After an
// error it may be there all the same: handing it in again duplicates nothing.
func (c *handed) Submit(ctx context.Context, d webhook.Delivery) error {
	h := handIn{Delivery: d, answer: make(chan error, 1)}
	select {
	case c.in <- h:
	case <-ctx.Done():
		return fmt.Errorf("handing in %s: %w", d.Item.Origin, ctx.Err())
	}
	select {
	case err := <-h.answer:
		return err
	case <-ctx.Done():
		return fmt.Errorf("storing %s: %w", d.Item.Origin, ctx.Err())
	}
}

// Next waits for a push.
func (c *handed) Next(ctx context.Context) (translate.Item[any], []byte, func(error), error) {
	for {
		if c.flight != nil {
			select {
			case <-c.flight:
				c.flight = nil
			case <-ctx.Done():
				return translate.Item[any]{}, nil, nil, ctx.Err()
			}
		}
		if c.idle != nil {
			c.idle() // what could not be stored is with the one who sent it
		}
		select {
		case h := <-c.in:
			if err := c.plan(ctx, &h.Item, h.Names); err != nil {
				h.answer <- err
				continue
			}
			flight := make(chan struct{})
			c.flight = flight
			return h.Item, nil, func(err error) { h.answer <- err; close(flight) }, nil
		case <-ctx.Done():
			return translate.Item[any]{}, nil, nil, ctx.Err()
		}
	}
}
