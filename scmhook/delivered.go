package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"busbar/adapters/scm"
	"busbar/common/event"
	"busbar/common/journal"
	"busbar/common/translate"
	"busbar/scmhook/feed"
)

// deliveries is where the names of requests are; no repository's refs are there.
const deliveries = "webhook deliveries"

// delivered knows what webhooks reported. A forge sends a request again, sends the
// same push by two hooks, and sends them out of order; and a branch may really
// move again between the same two commits. So each ref has where it was last, as
// with hooks, but a gap in its chain is no reason to tell less: nobody can be
// asked.
type delivered struct{ journal *journal.Reader }

// plan says how often each update of a push was published before, and adds what is to
// be remembered.
func (d *delivered) plan(ctx context.Context, it *translate.Item[any], names []string) error {
	push, ok := it.Value.(scm.Push)
	if !ok || len(push.Updates) == 0 {
		return nil // it is poison, or tells nothing
	}
	for _, name := range names {
		_, known, err := d.seen(ctx, deliveries, name)
		if err != nil {
			return err
		}
		if known {
			it.Value = translate.Ignore("a webhook that was sent again")
			return nil
		}
		it.States = append(it.States, event.State{Source: deliveries, Key: name, Value: []byte("1")})
	}
	for i := range push.Updates {
		if err := d.update(ctx, it, push.Repository, &push.Updates[i]); err != nil {
			return err
		}
	}
	return nil
}

// update finds out how often an update was published. One that is published again keeps
// its number, and so its id: the journal drops the duplicate, and takes the commits
// that the first account left out.
func (d *delivered) update(ctx context.Context, it *translate.Item[any], repository string, u *scm.Update) error {
	refs, pushes := feed.Source("webhook", repository), feed.Pushes("webhook", repository)
	if refs == deliveries {
		refs += " of a repository"
	}
	last, known, err := d.seen(ctx, refs, u.Ref)
	if err != nil {
		return err
	}
	last = strings.TrimPrefix(last, "=")
	if u.Old == "" && u.New == "" { // deleted; it was what it was told to be
		u.Old = last
	}
	if u.Old == u.New {
		return nil
	}
	pair := u.Ref + " " + u.Old + " " + u.New
	count, _, err := d.seen(ctx, pushes, pair)
	if err != nil {
		return err
	}
	if count != "" {
		if u.Nth, err = strconv.Atoi(count); err != nil {
			return fmt.Errorf("reading how often %s moved: %w", u.Ref, err)
		}
		// It is another push only where the ref has come back since.
		if !known || last != u.Old {
			u.Nth--
			return nil
		}
	}
	it.States = append(it.States,
		event.State{Source: refs, Key: u.Ref, Value: []byte("=" + u.New)},
		event.State{Source: pushes, Key: pair, Value: []byte(strconv.Itoa(u.Nth + 1))})
	return nil
}

func (d *delivered) seen(ctx context.Context, source, key string) (string, bool, error) {
	value, err := d.journal.StateOf(ctx, source, key)
	if errors.Is(err, journal.ErrNotFound) {
		return "", false, nil
	}
	return string(value), err == nil, err
}
