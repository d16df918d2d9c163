package notify

import (
	"context"
	"errors"
	"slices"
	"time"

	"busbar/bus/kinds"
	"busbar/bus/notify/match"
	"busbar/bus/notify/outbox"
	"busbar/bus/notify/plan"
	"busbar/bus/notify/rule"
	"busbar/bus/printer"
	"busbar/common/archive"
	"busbar/common/event"
)

// A trial is what a person's rules make of events of the past, as if each had come when it
// was published.
type trial struct {
	prefix string
	person *rule.Person
	out    func(at time.Time, to rule.Address, o plan.Out) error

	events, wanted, notes, held, back int
	last                              time.Time // of the events that were looked at
}

func (t *trial) run(ctx context.Context, r *archive.Reader, since time.Time) error {
	catalog := kinds.All()
	reports := match.NewReports(nil)
	if slices.ContainsFunc(t.person.Rules, (*rule.Rule).OfReports) {
		for _, a := range t.person.Addresses {
			bugs, err := reportedBy(ctx, r, t.prefix, a)
			if err != nil && !errors.Is(err, archive.ErrQuery) {
				return err
			}
			reports.LearnPast(bugs)
		}
	}
	m := match.New(t.prefix, []*rule.Person{t.person}, reports)
	boxes := map[outbox.Key]*plan.Box{}
	due := func(now time.Time) error {
		for key, box := range boxes {
			for next := box.Next(); !next.IsZero() && !next.After(now); next = box.Next() {
				if err := t.said(next, key, box.Due(next)); err != nil {
					return err
				}
			}
		}
		return nil
	}
	q := archive.Query{From: since, Limit: 1000}
	for {
		page, err := r.Find(ctx, q)
		if err != nil {
			return err
		}
		for _, one := range page.Messages {
			_, e, err := event.ParseMessage(one.Wire)
			if err != nil {
				continue
			}
			t.events++
			t.last = one.Time
			if err := due(t.last); err != nil {
				return err
			}
			ev := rule.NewEvent(t.prefix, e, one.Wire)
			reports.Learn(ev)
			chosen := choose(m.Match(ev), never)
			if len(chosen) > 0 {
				t.wanted++
			}
			for _, c := range chosen {
				if boxes[c.key] == nil {
					boxes[c.key] = plan.NewBox()
					setUp(boxes[c.key], t.person)
				}
				title, link := e.Title, e.Link
				if title == "" {
					title, link = printer.Say(catalog, e)
				}
				item := plan.ItemOf(ev, title, link)
				item.Rule = c.rule.Name
				if err := t.said(t.last, c.key, boxes[c.key].Add(t.last, item, plan.How{When: c.rule.When, Settle: c.rule.Settle, Fold: c.rule.Fold})); err != nil {
					return err
				}
			}
		}
		if page.Next == 0 {
			break
		}
		q.After = page.Next
	}
	if err := due(t.last.Add(8 * 24 * time.Hour)); err != nil { // what still waited
		return err
	}
	for _, box := range boxes {
		t.back += box.TakenBack
	}
	return nil
}

func (t *trial) said(at time.Time, key outbox.Key, outs []plan.Out) error {
	for _, o := range outs {
		t.notes++
		if o.Kind == "summary" {
			t.held += len(o.Items) + o.More
		}
		if err := t.out(at, rule.Address{Way: key.Way, To: key.To}, o); err != nil {
			return err
		}
	}
	return nil
}
