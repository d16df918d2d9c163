package describe

import (
	"context"
	"time"

	"busbar/adapters/scm"
	"busbar/common/translate"
	"busbar/scmhook/feed"
)

// A Channel is the feed as a channel of described pushes.
type Channel struct {
	Describer
	Feed *feed.Channel
}

// Close ends the feed.
func (c *Channel) Close() error { return c.Feed.Close() }

// Next hands out the next push. A repository that cannot be asked is tried
// again by the feed, and holds up no other.
func (c *Channel) Next(ctx context.Context) (translate.Item[any], []byte, func(error), error) {
	for {
		b, done, err := c.Feed.Next(ctx)
		if err != nil {
			return translate.Item[any]{}, nil, nil, err
		}
		it, err := c.Push(ctx, b)
		if err != nil {
			done(err)
			continue
		}
		return it, nil, done, nil
	}
}

// newItem is a batch as an item: the push that describes it, or why there is
// none.
func newItem(b feed.Batch, push scm.Push) translate.Item[any] {
	it := translate.Item[any]{
		Value: push, Raw: b.Raw, States: b.States, Received: time.Now(), Origin: "comparing the refs of " + b.Repository.Name,
	}
	if n := b.Notice; n != nil {
		it.Received, it.Origin = n.Time, "hook "+n.Hook+" of "+n.Repository
		it.Evidence = evidence(*n)
	}
	switch {
	case b.Broken != "":
		it.Origin, it.Value = "a file of the spool", translate.Poison("%s", b.Broken)
	case b.Nothing != "":
		it.Value = translate.Ignore(b.Nothing)
	}
	return it
}
