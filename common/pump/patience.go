package pump

import (
	"context"
	"fmt"
	"time"

	"busbar/adapters"
	"busbar/common/journal"
)

// defaultPatience is far more than any honest item takes.
const defaultPatience = 10 * time.Second

// maxSlow is how many items may be worked on though they were put aside: nothing
// can stop a translator, and each takes a processor.
const maxSlow = 4

// translated is what the table said of an item.
type translated struct {
	outcome adapters.Outcome
	err     error
}

// fill writes it into a record.
func (t translated) fill(r *journal.Record) {
	o := t.outcome
	if len(o.Events) == 0 && o.Skip == "" && o.Poison == "" {
		o.Skip = "no events"
	}
	r.Events, r.Skip, r.Poison, r.Translator = o.Events, o.Skip, o.Poison, o.Translator
}

// translate asks the table, for as long as the others may wait. Where that is not
// enough, the item is poison for now, and late has what becomes of it.
func (p *Pump[T]) translate(ctx context.Context, table []adapters.Translator[T], item adapters.Item[T]) (now translated, late <-chan translated) {
	patience := p.Patience
	if patience <= 0 {
		patience = defaultPatience
	}
	places := *p.slow.Load()
	answer := make(chan translated, 1)
	go func() {
		outcome, err := adapters.Run(table, item)
		answer <- translated{outcome, err}
	}()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case now = <-answer:
		return now, nil
	case <-timer.C:
	}
	select {
	case places <- struct{}{}:
	default:
		// All places are taken: this one is waited for, or for a place.
		p.note(fmt.Errorf("translating %s: %d items before it are still being translated", item.Origin, maxSlow))
		defer p.note(nil)
		select {
		case now = <-answer:
			return now, nil
		case places <- struct{}{}:
		case <-ctx.Done():
			return translated{err: context.Cause(ctx)}, nil
		}
	}
	return translated{outcome: adapters.Outcome{Translator: "pump", Poison: fmt.Sprintf(
		"translating it takes longer than %v: it holds up nobody, and is told if that ends; else try it again later", patience)}}, answer
}

// tellLate stores what became of an item that was put aside. Whatever fails, the
// item is poison, and kept.
func (p *Pump[T]) tellLate(aside journal.Record, late <-chan translated) {
	places := *p.slow.Load()
	t := <-late
	<-places
	if t.err != nil {
		return
	}
	r := aside
	r.Source, r.Position, r.Seen = "", nil, nil // they went with the poison
	t.fill(&r)
	p.Journal.Submit(r, func(_ journal.Result, err error) {
		if p.Log == nil {
			return
		}
		if err != nil {
			p.Log.Warn("an item that was put aside could not be told; it stays poison", "origin", r.Origin, "error", err)
		} else {
			p.Log.Info("an item that was put aside is told", "origin", r.Origin)
		}
	})
}
