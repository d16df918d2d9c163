package canary

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"time"

	"busbar/common/event"
	"busbar/common/journal"
	"busbar/common/translate"
)

// A Route is how canaries go through one channel. Interval, Send and Find must be set.
type Route struct {
	// Interval is between two, give or take a tenth.
	Interval time.Duration
	// Send brings an item with the token into the channel, from outside of it, and takes
	// away what is left of older ones where nothing else does. An error is tried again.
	Send func(ctx context.Context, token string) error
	// Find looks whether an item that came out is a marked one; nil: it is not.
	Find func(translate.Item[any]) *Found
	// Ours, if set, is called with each marked item that is ours, before it is stored.
	Ours func(translate.Item[any])
	Hint string // what a person can look at when none comes
}

// A Found is a marked item.
type Found struct {
	Token string
	// Amiss is why the item does not show that the channel works, though it came out;
	// of few values, it is a counter's label.
	Amiss string
	// Rest says that the item is what an older canary left, and means nothing.
	Rest bool
}

// Options say which channel is looked after, and for whom.
type Options struct {
	Adapter   string // the program
	Publisher string
	Channel   string // its name; of few values: it is a metric's label
	Key       Key
	Journal   *journal.Journal
	Route     Route
	Log       *slog.Logger
	Now       func() time.Time // nil: time.Now
}

// A Keeper sends canaries through one channel, and knows whether they come through.
type Keeper struct {
	o Options

	mu       sync.Mutex
	accepted passed    // the newest that was recognised; it may not be stored yet
	last     passed    // the newest that is stored
	noticed  time.Time // when it was seen to be stored
	missed   *missed   // none came for too long, which was said
	overdue  time.Time // since when none came for too long; zero: all is well
	sent     int64     // the number of the newest that was sent, since the start
	sentAt   time.Time
	count    int64  // sent, since the start
	amiss    string // why the newest that came out does not count; empty: it does
	failed   error  // why none could be sent, the last time
	warned   time.Time
}

// A passed is the newest canary that came through. Its JSON form is kept in the journal.
type passed struct {
	Number int64 `json:"number"`
	Sent   int64 `json:"sent"` // Unix milliseconds
	Seen   int64 `json:"seen"`
}

// A missed is a break that was said. Its JSON form is kept in the journal.
type missed struct {
	After passed `json:"after"` // the last one before
	Since int64  `json:"since"` // Unix milliseconds
}

// states is the source of what is kept in the journal's last known states.
const states = "canary"

// Open reads what the journal knows of the channel's canaries.
func Open(ctx context.Context, o Options) (*Keeper, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	k := &Keeper{o: o, noticed: o.Now()}
	if _, err := k.kept(ctx, Pass, &k.last); err != nil {
		return nil, err
	}
	k.accepted = k.last
	var m missed
	there, err := k.kept(ctx, Miss, &m)
	if err != nil {
		return nil, err
	}
	if there {
		k.missed = &m
	}
	return k, nil
}

// kept reads a state.
func (k *Keeper) kept(ctx context.Context, what string, into any) (there bool, err error) {
	text, err := k.o.Journal.Reader().StateOf(ctx, states, what+" "+k.o.Channel)
	if errors.Is(err, journal.ErrNotFound) {
		return false, nil
	}
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		return false, fmt.Errorf("reading what is known of the canaries of %s: %w", k.o.Channel, err)
	}
	return true, nil
}

// keep is a state to be stored; nil forgets it.
func (k *Keeper) keep(what string, value any) event.State {
	s := event.State{Source: states, Key: what + " " + k.o.Channel}
	if value != nil {
		s.Value = translate.JSON(value)
	}
	return s
}

// Reasons for which a marked item does not count. They are counters' labels.
const (
	foreign   = "its token is none of ours"
	overtaken = "it came through before, or a newer one did"
	rest      = "what an older one left"
)

// See looks at an item that came out of the channel, before the table is asked: a
// marked one becomes a [Canary], any other stays as it is.
func (k *Keeper) See(it translate.Item[any]) translate.Item[any] {
	found := k.o.Route.Find(it)
	if found == nil {
		return it
	}
	c := Canary{What: Pass, Adapter: k.o.Adapter, Publisher: k.o.Publisher, Channel: k.o.Channel, Interval: k.o.Route.Interval.Milliseconds()}
	number, sent, err := k.o.Key.read(k.o.Publisher, k.o.Channel, found.Token)
	switch {
	case found.Rest:
		c.Refused = rest
	case err != nil:
		c.Refused = foreign
		k.warn("a canary was refused: its token is none of ours", "channel", k.o.Channel, "origin", it.Origin)
	default:
		c.Number, c.Sent = number, sent
		if k.o.Route.Ours != nil {
			k.o.Route.Ours(it)
		}
		p, refused := k.accept(passed{Number: number, Sent: sent.UnixMilli(), Seen: k.o.Now().UnixMilli()}, found.Amiss)
		if c.Refused = refused; refused == "" {
			c.Seen = time.UnixMilli(p.Seen)
			it.Evidence = []event.Evidence{{Type: "canary", Verdict: "pass", Detail: "token " + strconv.FormatInt(number, 10)}}
			it.States = append(slices.Clone(it.States), k.keep(Pass, p))
		}
	}
	it.Value = c
	return it
}

// warn logs what strangers can cause at will, once in an interval.
func (k *Keeper) warn(text string, about ...any) {
	k.mu.Lock()
	now := k.o.Now()
	again := k.warned.IsZero() || now.Sub(k.warned) >= k.o.Route.Interval
	if again {
		k.warned = now
	}
	k.mu.Unlock()
	if again {
		k.o.Log.Warn(text, about...)
	}
}

// accept says whether a canary counts. One that was read before, and perhaps not
// stored, is the same again.
func (k *Keeper) accept(p passed, amiss string) (_ passed, refused string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case p.Number < k.accepted.Number:
		return p, overtaken
	case amiss != "":
		k.amiss = amiss
		return p, amiss
	case p.Number == k.accepted.Number:
		return k.accepted, ""
	}
	k.accepted, k.amiss = p, ""
	return p, ""
}
