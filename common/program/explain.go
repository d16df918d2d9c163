package program

import (
	"fmt"
	"io"
	"time"

	"busbar/common/config"
	"busbar/common/event"
	"busbar/common/show"
	"busbar/common/translate"
)

// An Explanation is what one item becomes, and why. Its JSON form is a contract
// of the command line.
type Explanation struct {
	Origin     string           `json:"origin"`
	Translator string           `json:"translator,omitempty"`
	Why        string           `json:"why,omitempty"` // what the translator went by
	Events     []ExplainedEvent `json:"events"`
	Skip       string           `json:"skip,omitempty"`
	Poison     string           `json:"poison,omitempty"`
	Tolerated  []string         `json:"tolerated,omitempty"` // what was wrong with the item, and forgiven
	// Evidence is who vouches for it, where a policy asks for that.
	Evidence []event.Evidence `json:"evidence,omitempty"`
}

// An ExplainedEvent is one event of an Explanation.
type ExplainedEvent struct {
	Topic string `json:"topic"` // full
	ID    string `json:"id"`
	Time  string `json:"time"`
	Title string `json:"title"` // the sentence
	Link  string `json:"link,omitempty"`
	Known string `json:"known,omitempty"` // the journal has it: nothing is published again
	Body  any    `json:"body"`
}

// explain runs an item through the table, as the daemon would, without a bus. A
// translator's panic is poison, as it is there.
func explain(table []translate.Translator[any], it translate.Item[any], bus config.Bus, judge func(translate.Item[any], translate.Outcome) (translate.Item[any], translate.Outcome, error)) (Explanation, error) {
	x := Explanation{Origin: it.Origin, Events: []ExplainedEvent{}}
	out, err := translate.Run(translate.Guarded(table), it)
	if err != nil {
		return x, err
	}
	if judge != nil {
		if it, out, err = judge(it, out); err != nil {
			return x, err
		}
		x.Evidence = it.Evidence
	}
	x.Translator, x.Skip, x.Poison = out.Translator, out.Skip, out.Poison
	for _, t := range table {
		if t.Name == out.Translator && t.Why != nil {
			x.Why = t.Why(it)
		}
	}
	for _, e := range event.Wanted(out.Events, bus.Compat) {
		x.Events = append(x.Events, ExplainedEvent{
			Topic: event.JoinTopic(bus.Prefix, bus.Environment, e.Kind.Topic), ID: e.ID(it.Received),
			Time: event.Stamp(timeOr(e.Time, it.Received)), Title: e.Kind.Sentence(e.Body), Link: e.Kind.Link(e.Body), Body: e.Body,
		})
	}
	return x, nil
}

func timeOr(t, other time.Time) time.Time {
	if t.IsZero() {
		return other
	}
	return t
}

// Print writes the explanation, as one line of JSON or for people.
func (x Explanation) Print(w io.Writer, asJSON bool) error {
	if asJSON {
		return PrintJSON(w, x)
	}
	show.Fprintln(w, x.Origin)
	for _, d := range x.Tolerated {
		show.Fprintf(w, "  tolerated: %s\n", d)
	}
	if x.Translator != "" {
		show.Fprintf(w, "  claimed by %s", x.Translator)
		if x.Why != "" {
			show.Fprintf(w, ", by %s", x.Why)
		}
		fmt.Fprintln(w)
	}
	if x.Skip != "" {
		show.Fprintf(w, "  skipped: %s\n", x.Skip)
	}
	if x.Poison != "" {
		show.Fprintf(w, "  POISON: %s\n", x.Poison)
	}
	for _, e := range x.Evidence {
		if e.Verdict != "none" || len(x.Events) == 0 || e.Type != "mail" {
			show.Fprintf(w, "  evidence: %s %s (%s)\n", e.Type, e.Detail, e.Verdict)
		}
	}
	for _, e := range x.Events {
		show.Fprintf(w, "  %s\n    %s\n    id %s, time %s\n", e.Topic, e.Title, e.ID, orNever(e.Time))
		if e.Known != "" {
			show.Fprintf(w, "    known: %s; the same again is dropped, and other words are kept as disputed\n", e.Known)
		}
	}
	return nil
}
