package replay

import (
	"context"
	"errors"
	"fmt"
	"time"

	"busbar/common/event"
	again "busbar/common/replay"
)

// A sequence is what one publisher said, by number: a publisher that is asked, or a
// journal.
type sequence interface {
	have(ctx context.Context, publisher, epoch string) (again.Have, error)
	// fetch hands over a range, as replay.Client.Fetch does, with its errors.
	fetch(ctx context.Context, r again.Range, hand func(topic string, body []byte) error) error
	byID(ctx context.Context, id string) ([]byte, error)
	close() error
}

// one asks a sequence.
type one struct{ sequence }

// errEnough says that what follows is not wanted.
var errEnough = errors.New("what follows was published later")

func (o one) replay(ctx context.Context, w wanted, c *collector) error {
	if len(w.ids) > 0 {
		return o.ids(ctx, w.ids, c)
	}
	h, err := o.have(ctx, w.publisher, w.epoch)
	var other *again.EpochError
	switch {
	case errors.As(err, &other) && other.Publisher == "" && w.publisher == "":
		return c.lack("which publisher is meant is not clear: several are there, or none (say which: --publisher)")
	case errors.As(err, &other) && other.Publisher == "":
		return c.lack("nothing of that sequence is there")
	case errors.As(err, &other):
		return c.lack("nothing of that sequence is there: this is %s, epoch %s", other.Publisher, other.Epoch)
	case err != nil:
		return err
	}
	return o.numbers(ctx, h, w, c)
}

// ids asks for messages by their ids.
func (o one) ids(ctx context.Context, ids []string, c *collector) error {
	for _, id := range ids {
		body, err := o.byID(ctx, id)
		switch {
		case errors.Is(err, again.ErrNoMatch):
			err = c.lack("the message with id %s is not there: %v", id, again.ErrNoMatch)
		case errors.Is(err, again.ErrDropped):
			err = c.lack("the message with id %s is not there: %v", id, again.ErrDropped)
		case err == nil:
			err = c.takeID(id, body)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// takeID takes the message that was asked for, if it is that.
func (c *collector) takeID(id string, body []byte) error {
	tree, e, err := event.ParseMessage(body)
	if err == nil && !sameID(id, e.MsgID) {
		err = fmt.Errorf("%s was asked for", id)
	}
	if err != nil {
		return c.refuse(e, err)
	}
	return c.takeTree(tree, e)
}

// sameID compares ids without their years, if they are such.
func sameID(a, b string) bool {
	x, err := event.IDUUID(a)
	y, berr := event.IDUUID(b)
	if err != nil || berr != nil {
		return a == b
	}
	return x == y
}

// numbers hands over a range, and names what of it is not there.
func (o one) numbers(ctx context.Context, h again.Have, w wanted, c *collector) error {
	r := again.Range{Publisher: h.Publisher, Epoch: h.Epoch, From: w.from, To: w.to, Since: w.since}
	why := "its journal no longer keeps them"
	if h.Archive {
		why = "the hub does not have them"
	}
	first := true
	hand := func(topic string, body []byte) error {
		_, e, err := event.ParseMessage(body)
		if err == nil && first {
			first = false
			if err := c.before(h, w, uint64(e.Seq)); err != nil {
				return err
			}
		}
		if err == nil && !w.until.IsZero() && time.Unix(e.Timestamp, 0).After(w.until) {
			return errEnough
		}
		if err == nil && (e.Publisher != h.Publisher || e.Epoch != h.Epoch) {
			return c.refuse(e, fmt.Errorf("it is of publisher %s, epoch %s", e.Publisher, e.Epoch))
		}
		return c.take(topic, body)
	}
	for {
		err := o.fetch(ctx, r, hand)
		var gone *again.GoneError
		var absent *again.AbsentError
		switch {
		case errors.Is(err, errEnough):
			return nil
		case errors.As(err, &gone):
			if gone.Oldest == 0 || w.to > 0 && gone.Oldest > w.to {
				return c.lackNumbers(h.Publisher, gone.Next, w.to, why)
			}
			if gone.Oldest <= gone.Next { // it makes no sense, and would never end
				return err
			}
			if err := c.lackNumbers(h.Publisher, gone.Next, gone.Oldest-1, why); err != nil {
				return err
			}
			r.From = gone.Oldest
			continue
		case errors.As(err, &absent):
			return c.lackNumbers(h.Publisher, absent.Next, w.to, fmt.Sprintf("the newest is %d", absent.Newest))
		case err != nil:
			return err
		case first:
			return c.before(h, w, h.Newest+1)
		}
		return nil
	}
}

// before names what may be gone before the first message that is there, at the
// beginning of a time.
func (c *collector) before(h again.Have, w wanted, first uint64) error {
	if w.from > 0 || w.since.IsZero() && w.until.IsZero() || first != h.Oldest || h.Oldest <= 1 {
		return nil
	}
	why := "its journal no longer keeps it"
	if h.Archive {
		why = "the hub does not have it"
	}
	return c.lack("what %s said before message %d is not there: %s, so some of that time may be missing", h.Publisher, h.Oldest, why)
}
