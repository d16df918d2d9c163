package subscriptions

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Send hands a mail to a mail system, as sent by an address.
type Send func(ctx context.Context, from, to string, text []byte) error

// Ask notes a wish, and sends the request. manager is the list's; empty: as the last time,
// or as the list's address tells.
func (b *Book) Ask(ctx context.Context, w Wish, manager string, show bool, send Send) (Subscription, error) {
	if err := errors.Join(CheckList(w.List), CheckAddress(w.Address)); err != nil {
		return Subscription{}, err
	}
	w.List = strings.ToLower(w.List)
	var asked Subscription
	var before *Subscription
	var request Mail
	// It is noted first: the confirmation may come before the command goes on.
	err := b.change(func(c *Contents) (bool, error) {
		known := c.of(w.List)
		if known == nil && len(c.Subscriptions) >= maxLists {
			return false, fmt.Errorf("%d lists are the most that can be kept", maxLists)
		}
		if known == nil {
			c.Subscriptions = append(c.Subscriptions, Subscription{List: w.List})
			known = &c.Subscriptions[len(c.Subscriptions)-1]
		} else {
			copied := *known
			before = &copied
			if w.Leave && known.Address != "" {
				w.Address = known.Address
			}
		}
		m, err := managerOf(cmp.Or(manager, known.Manager, Guess(w.List)))
		if err != nil {
			if manager == "" {
				err = errors.New("which program keeps the list cannot be known from its address: say --manager " + strings.Join(Names(), " or "))
			}
			return false, err
		}
		if m.name == "smartlist" {
			if err := checkSender(w.Address); err != nil {
				return false, err
			}
		}
		known.Address, known.Manager, known.Leave, known.Show = w.Address, m.name, w.Leave, show
		known.Asked, known.Request, known.Answer = b.now(), newID(w.Address), nil
		asked, request = *known, m.ask(w)
		return true, nil
	})
	if err != nil {
		return asked, err
	}
	if err := send(ctx, w.Address, request.To, letterTo(request, asked.Request, w.Address, b.now())); err != nil {
		return asked, errors.Join(fmt.Errorf("sending the request to %s: %w", request.To, err), b.undo(asked, before))
	}
	return asked, nil
}

// undo takes a wish back that nobody was told of.
func (b *Book) undo(asked Subscription, before *Subscription) error {
	return b.change(func(c *Contents) (bool, error) {
		s := c.of(asked.List)
		switch {
		case s == nil || s.Request != asked.Request:
			return false, nil // somebody asked again
		case before != nil:
			*s = *before
			return true, nil
		}
		c.Subscriptions = slices.DeleteFunc(c.Subscriptions, func(s Subscription) bool { return s.List == asked.List })
		return true, nil
	})
}

// Release has the confirmation of a list answered that was shown.
func (b *Book) Release(list string) error {
	list = strings.ToLower(list)
	return b.change(func(c *Contents) (bool, error) {
		s := c.of(list)
		if s == nil {
			return false, fmt.Errorf("nothing was asked of %s", list)
		}
		if state := s.State(b.now()); state != Shown {
			return false, fmt.Errorf("no confirmation of %s waits for a person: it is %s", list, state)
		}
		s.Show, s.Answer.Unclear = false, ""
		return true, nil
	})
}

// letterTo is a mail to a list manager. id is its Message-ID without brackets; more are
// further header fields. It has no text: all that counts is in the header.
func letterTo(m Mail, id, from string, now time.Time, more ...string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "From: %s\nTo: %s\nSubject: %s\nDate: %s\nMessage-ID: <%s>\n", from, m.To, m.Subject, now.Format(time.RFC1123Z), id)
	for _, field := range more {
		b.WriteString(field + "\n")
	}
	b.WriteString("MIME-Version: 1.0\nContent-Type: text/plain; charset=us-ascii\n\n")
	return []byte(b.String())
}
