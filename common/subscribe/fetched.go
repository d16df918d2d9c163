package subscribe

import (
	"context"

	"busbar/common/inorder"
	"busbar/common/replay"
)

// verifying is how many bytes of messages may be under way to be verified.
const verifying = 1 << 20

// A fetched is a message that was asked for, and what was found of it.
type fetched struct {
	topic string
	body  []byte
	it    *item
	err   error
}

// fetchFrom asks one address. What comes is verified on all processors, and queued in
// order.
func (s *Subscriber) fetchFrom(ctx context.Context, st *stream, r replay.Range, at string) error {
	line := inorder.New(verifying, func(f *fetched) { f.it, f.err = s.believe(st, f.topic, f.body) },
		func(f *fetched) error { return s.again(ctx, st, f.it, f.err) })
	err := s.client.Fetch(ctx, at, r, func(topic string, body []byte) error {
		return line.Put(&fetched{topic: topic, body: body}, len(topic)+len(body))
	})
	if failed := line.Close(); failed != nil {
		return failed // and what was fetched behind it does not count
	}
	return err
}
