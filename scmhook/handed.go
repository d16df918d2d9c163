package main

import (
	"context"
	"fmt"

	"busbar/adapters"
	"busbar/adapters/scm"
	"busbar/scmhook/feed"
)

// handed is a channel of pushes that somebody hands in and waits for, such as
// the webhooks' server, which answers its caller once they are durable.
type handed struct{ in chan handIn }

type handIn struct {
	item   adapters.Item[told]
	answer chan error
}

func newHanded() *handed { return &handed{in: make(chan handIn)} }

// Submit hands a push in; nil means that what became of it is on disk. After an
// error it may be there all the same: handing it in again doubles nothing.
func (c *handed) Submit(ctx context.Context, it adapters.Item[scm.Push], raw []byte) error {
	h := handIn{answer: make(chan error, 1), item: adapters.Item[told]{
		Origin: it.Origin, Received: it.Received, Evidence: it.Evidence,
		Value: told{Batch: feed.Batch{Raw: raw}, Push: it.Value},
	}}
	select {
	case c.in <- h:
	case <-ctx.Done():
		return fmt.Errorf("handing in %s: %w", it.Origin, ctx.Err())
	}
	select {
	case err := <-h.answer:
		return err
	case <-ctx.Done():
		return fmt.Errorf("storing %s: %w", it.Origin, ctx.Err())
	}
}

// Next waits for a push.
func (c *handed) Next(ctx context.Context) (adapters.Item[told], []byte, func(error), error) {
	select {
	case h := <-c.in:
		return h.item, nil, func(err error) { h.answer <- err }, nil
	case <-ctx.Done():
		return adapters.Item[told]{}, nil, nil, ctx.Err()
	}
}
