package pump

import (
	"context"
	"fmt"
	"time"

	"busbar/common/journal"
	"busbar/common/translate"
)

// defaultTimeout is far more than an ordinary item takes.
const defaultTimeout = 10 * time.Second

// maxSlow is how many items may still be translated after they were put aside:
// nothing can stop a translator, and each takes a processor.
const maxSlow = 4

// Aside is the translator of items that were put aside, in the list of poison.
const Aside = "pump"

// translated is what became of an item: as it was read, and what the table said.
type translated struct {
	item    translate.Item[any]
	outcome translate.Outcome
	err     error
}

// A worker reads items and asks the table, in a goroutine that stays for the next
// item: its stack has grown to what they take.
type worker struct {
	items   chan translate.Item[any]
	answers chan translated // with room for the one that nobody may wait for
}

func (p *Pump) newWorker(table []translate.Translator[any]) *worker {
	w := &worker{make(chan translate.Item[any]), make(chan translated, 1)}
	go func() {
		for item := range w.items {
			w.answers <- p.work(table, item)
		}
	}()
	return w
}

// dismiss ends the worker once it has answered.
func (p *Pump) dismiss() {
	if p.worker != nil {
		close(p.worker.items)
		p.worker = nil
	}
}

// work reads an item and asks the table.
func (p *Pump) work(table []translate.Translator[any], item translate.Item[any]) (t translated) {
	t.item = item
	if p.Read != nil {
		defer func() {
			if v := recover(); v != nil {
				t.outcome, t.err = translate.Outcome{Translator: "reader", Poison: fmt.Sprintf("reading it panicked: %v (%s)", v, translate.Culprit())}, nil
			}
		}()
		t.item = p.Read(item)
	}
	t.outcome, t.err = translate.Run(table, t.item)
	if t.err == nil && p.Judge != nil {
		t.item, t.outcome, t.err = p.Judge(t.item, t.outcome)
	}
	return t
}

// fill writes it into a record.
func (t translated) fill(r *journal.Record) {
	o := t.outcome
	if len(o.Events) == 0 && o.Skip == "" && o.Poison == "" {
		o.Skip = "no events"
	}
	if t.item.Recovered {
		for i := range o.Events {
			o.Events[i].Recovered = true
		}
	}
	r.Events, r.Skip, r.Poison, r.Translator = o.Events, o.Skip, o.Poison, o.Translator
	r.Evidence = t.item.Evidence
}

// translate reads an item and asks the table, within Timeout. If that is not enough,
// the item is poison for now, and late has what becomes of it.
func (p *Pump) translate(ctx context.Context, table []translate.Translator[any], item translate.Item[any]) (now translated, late <-chan translated) {
	timeout := p.Timeout
	if timeout <= 0 {
		timeout = defaultTimeout
	}
	slots := *p.slow.Load()
	if p.worker == nil {
		p.worker = p.newWorker(table)
	}
	answer := p.worker.answers
	p.worker.items <- item
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case now = <-answer:
		return now, nil
	case <-timer.C:
	}
	defer p.dismiss() // it may answer this item yet
	select {
	case slots <- struct{}{}:
	default:
		// All slots are taken: wait for this item, or for a slot.
		p.note(fmt.Errorf("translating %s: %d items before it are still being translated", item.Origin, maxSlow))
		defer p.note(nil)
		select {
		case now = <-answer:
			return now, nil
		case slots <- struct{}{}:
		case <-ctx.Done():
			return translated{err: context.Cause(ctx)}, nil
		}
	}
	return translated{item: item, outcome: translate.Outcome{Translator: Aside, Poison: fmt.Sprintf(
		"translating it takes longer than %v: the items behind it go on, and it is published if that ends; else retry it later", timeout)}}, answer
}

// publishLate stores what became of an item that was put aside. If anything fails, the
// item stays poison.
func (p *Pump) publishLate(aside journal.Record, late <-chan translated) {
	slots := *p.slow.Load()
	t := <-late
	<-slots
	if t.err != nil {
		return
	}
	r := aside
	r.Position, r.States = nil, nil // they went with the poison
	t.fill(&r)
	p.Journal.Submit(r, func(_ journal.Result, err error) {
		if p.Log == nil {
			return
		}
		if err != nil {
			p.Log.Warn("slow item could not be published; it stays poison", "origin", r.Origin, "error", err)
		} else {
			p.Log.Info("slow item published", "origin", r.Origin)
		}
	})
}
