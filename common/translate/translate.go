// Package translate is the contract between what a legacy service says and how
// it arrives: items, translators, and what becomes of an item.
//
// A translator is a pure function: no clock, disk, network, goroutine or log.
// The same item always yields the same events with the same ids, so that
// re-reading, redelivery and a second channel can never publish a fact twice.
// Transient errors (a dead network, a full disk) belong to the channels, not here.
//
// Programs hold explicit, ordered tables of translators; there is no registry.
//
// Not here: the translators themselves (adapters/), reading from a channel (the
// programs), and keeping or carrying events (journal, wire).
package translate

import (
	"errors"
	"fmt"
	"time"

	"busbar/common/event"
)

// An Item is one thing that a legacy channel said: a mail, a changed row, a
// push, a bug's status. Translators see their own type of value; what stands
// between channel and table carries any.
type Item[T any] struct {
	Source   string // that made it, if another reads it again; empty: the one that is read
	Origin   string // where it was read, for people: "maildir new/1690…"
	Value    T
	Raw      []byte           // as its source gave it, kept if it is poison; nil: not read yet
	Digest   string           // SHA-256 of Raw in hex; empty: made where it is needed
	Received time.Time        // when it reached us; stands in where the source tells no time
	Evidence []event.Evidence // who vouches for it
	// Recovered says that the item was read long after it came: so do its events.
	Recovered bool
	// States are the last known states of what it is about, stored with its
	// events, for channels that find news by comparing.
	States []event.State
}

// A Func turns an item into the events that it means. Its error is Skip,
// Ignore or Poison; any other error is transient, and the item is tried again.
type Func[T any] func(Item[T]) ([]event.Event, error)

// A Translator is a named row of a program's table.
type Translator[T any] struct {
	Name      string
	Translate Func[T]
	Kinds     event.Catalog // every kind that it may yield
	// Why, if set, names what in an item made the translator claim it, such
	// as "X-Debian-PR-Message: report 123456".
	Why func(Item[T]) string
}

type verdict struct{ kind, reason string }

func (v *verdict) Error() string { return v.kind + ": " + v.reason }

// Skip says: not mine. The next translator is asked.
func Skip(reason string) error { return &verdict{"skip", reason} }

// Ignore says: mine, and it tells the bus nothing. No other translator is
// asked; the reason is counted.
func Ignore(reason string) error { return &verdict{"ignore", reason} }

// Poison says: mine, and unreadable. The item is kept with the reason.
func Poison(format string, args ...any) error {
	return &verdict{"poison", fmt.Sprintf(format, args...)}
}

// An Outcome is what became of an item: events, or the reason for none.
type Outcome struct {
	Translator string // who claimed it; empty if nobody did
	Events     []event.Event
	Skip       string // why nothing is said, for the counter
	Poison     string // why it cannot be read
}

// Run asks the table's translators in order; the first that does not skip has
// the item. An error is transient.
func Run[T any](table []Translator[T], it Item[T]) (Outcome, error) {
	reason := "nobody's"
	for _, t := range table {
		events, err := t.Translate(it)
		var v *verdict
		switch {
		case err == nil:
			return Outcome{Translator: t.Name, Events: events}, nil
		case !errors.As(err, &v):
			return Outcome{}, fmt.Errorf("translating %s with %s: %w", it.Origin, t.Name, err)
		case v.kind == "poison":
			return Outcome{Translator: t.Name, Poison: v.reason}, nil
		case v.kind == "ignore":
			return Outcome{Translator: t.Name, Skip: v.reason}, nil
		}
		reason = v.reason
	}
	return Outcome{Skip: reason}, nil
}
