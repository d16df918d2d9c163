package notify

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"busbar/bus/notify/dest"
	"busbar/bus/notify/match"
	"busbar/bus/notify/outbox"
	"busbar/bus/notify/plan"
	"busbar/bus/notify/rule"
	"busbar/common/backoff"
	"busbar/common/event"
	"busbar/common/subscribe"
)

// A source is where events come from: a subscribe.Subscriber.
type source interface {
	Next(context.Context) (*subscribe.Message, error)
	Record(context.Context, subscribe.Tx, ...*subscribe.Message) error
	Ack(context.Context, ...*subscribe.Message) error
}

// An engine makes notes of events: it asks whom they concern, puts them into those
// people's boxes, and stores what becomes of it together with the position.
type engine struct {
	source source
	out    *outbox.Outbox
	prefix string
	say    func(event.Envelope) (title, link string) // of an event that brings none
	now    func() time.Time
	woken  func(way string) // there is something for a destination
	stops  *stops
	pages  string // on which people can change their rules; empty: there are none
	log    *slog.Logger

	boxes   map[outbox.Key]*plan.Box
	reports *match.Reports

	mu      sync.Mutex
	people  map[string]*rule.Person
	matcher *match.Matcher
	fresh   bool // rules are new: boxes do not have their limits yet
	stats   stats
	err     error // why the outbox cannot be written now
}

// stats are counted since the start.
type stats struct {
	Events  int64 `json:"events"`  // that were looked at
	Matched int64 `json:"matched"` // of them somebody wanted
	Gaps    int64 `json:"gaps"`    // messages are missing for good: how often
}

// batchMessages is how many events share a transaction at most, and batchRows about how
// much it stores of them: while it lasts, no sender can store anything. Who is over a limit
// has events counted, which stores no more for many than for one.
const (
	batchMessages = 256
	batchRows     = 10_000
)

func newEngine(ctx context.Context, e *engine) (*engine, error) {
	var err error
	if e.boxes, err = e.out.Boxes(ctx); err != nil {
		return nil, err
	}
	known, err := e.out.Reports(ctx)
	if err != nil {
		return nil, err
	}
	e.reports = match.NewReports(known)
	e.rules(nil)
	return e, nil
}

// rules puts other rules into force.
func (e *engine) rules(people []*rule.Person) {
	m := match.New(e.prefix, people, e.reports)
	by := map[string]*rule.Person{}
	for _, p := range people {
		by[p.Key] = p
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.people, e.matcher, e.fresh = by, m, true
}

// run handles events until ctx ends.
func (e *engine) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	came := make(chan *subscribe.Message, batchMessages)
	ended := make(chan error, 1)
	go func() {
		for {
			m, err := e.source.Next(ctx)
			if err != nil {
				ended <- err
				return
			}
			select {
			case came <- m:
			case <-ctx.Done():
				ended <- ctx.Err()
				return
			}
		}
	}()
	for {
		var list []*subscribe.Message
		timer := time.NewTimer(e.untilDue())
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case err := <-ended:
			timer.Stop()
			return err
		case m := <-came:
			list = append(list, m)
		case <-timer.C:
		}
		timer.Stop()
		for len(list) > 0 && len(list) < batchMessages && len(came) > 0 {
			list = append(list, <-came)
		}
		if err := e.handle(ctx, list); err != nil {
			return err
		}
	}
}

// most is how long a look at what is due may be put off.
const most = time.Minute

func (e *engine) untilDue() time.Duration {
	wait := most
	for _, box := range e.boxes {
		if next := box.Next(); !next.IsZero() {
			wait = min(wait, next.Sub(e.now()))
		}
	}
	return max(wait, 0)
}

var writeAgain = backoff.Times{First: 100 * time.Millisecond, Most: 10 * time.Second}

// handle makes notes of what came and of what is due, and stores all of it, or tries to
// until ctx ends.
func (e *engine) handle(ctx context.Context, list []*subscribe.Message) error {
	for {
		n, err := e.some(ctx, list)
		if err != nil || n == len(list) {
			return err
		}
		list = list[n:]
	}
}

// some handles as many as share a transaction, and says how many that are.
func (e *engine) some(ctx context.Context, list []*subscribe.Message) (int, error) {
	b := outbox.Batch{Boxes: map[outbox.Key]*plan.Box{}, Reports: map[string]string{}, Counts: map[outbox.Count]int64{}}
	e.mu.Lock()
	people, matcher, fresh := e.people, e.matcher, e.fresh
	e.fresh = false
	e.mu.Unlock()
	if fresh {
		for key, box := range e.boxes {
			setUp(box, people[key.Person])
			if people[key.Person] == nil && strings.Contains(key.Person, "@") { // who kept their rules themselves has deleted all
				delete(e.boxes, key)
				b.Gone = append(b.Gone, key.Person)
			}
		}
	}
	now := e.now()
	e.due(now, people, &b)
	for i, rows := 0, 0; i < len(list); i++ {
		if rows >= batchRows {
			list = list[:i]
			break
		}
		m := list[i]
		if m.Gap != nil {
			b.Counts[outbox.Count{What: "gaps"}]++
			continue
		}
		n, err := e.event(ctx, now, matcher, m.Envelope, m.Body, &b)
		if err != nil {
			return 0, err
		}
		rows += n
	}
	if len(list)+len(b.Boxes)+len(b.Notes)+len(b.Gone) == 0 {
		return 0, nil
	}
	for failures := 1; ; failures++ {
		err := e.out.Write(ctx, b, func(tx *sql.Tx) error {
			if len(list) == 0 {
				return nil
			}
			return e.source.Record(ctx, tx, list...)
		})
		e.noteErr(err)
		if err == nil {
			break
		}
		select {
		case <-ctx.Done():
			return 0, errors.Join(ctx.Err(), err)
		case <-time.After(backoff.Spread(writeAgain.After(failures))):
		}
	}
	for _, box := range b.Boxes {
		box.Clean()
	}
	ways := map[string]bool{}
	for _, n := range b.Notes {
		ways[n.Way] = true
	}
	for way := range ways {
		e.woken(way)
	}
	if len(list) == 0 {
		return 0, nil
	}
	if err := e.source.Ack(ctx, list...); err != nil && !errors.Is(err, subscribe.ErrClosed) {
		return 0, err
	}
	return len(list), nil
}

func (e *engine) noteErr(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case err != nil && e.err == nil:
		e.log.Warn("the outbox cannot be written; trying again", "error", err)
	case err == nil && e.err != nil:
		e.log.Info("the outbox is written again")
	}
	e.err = err
}

// setUp gives a box the limits of its person.
func setUp(box *plan.Box, p *rule.Person) {
	if p != nil {
		box.Zone, box.Quiet, box.Limit = p.Zone, p.Quiet, p.Limit
	}
}

// due makes notes of what is due.
func (e *engine) due(now time.Time, people map[string]*rule.Person, b *outbox.Batch) {
	for key, box := range e.boxes {
		if next := box.Next(); next.IsZero() || next.After(now) {
			continue
		}
		back := box.TakenBack
		outs := box.Due(now)
		b.Boxes[key] = box
		if n := box.TakenBack - back; n > 0 {
			b.Counts[outbox.Count{Way: key.Way, What: "taken back"}] += int64(n)
		}
		if p := people[key.Person]; p == nil || p.Paused {
			b.Counts[outbox.Count{Way: key.Way, What: "dropped"}] += int64(len(outs))
			continue // whoever it was wants nothing any more
		}
		e.put(key, outs, nil, b)
	}
}

// maxWire is the size of a message that a note bears.
const maxWire = 64 << 10

// put makes notes of what is said.
func (e *engine) put(key outbox.Key, outs []plan.Out, wire []byte, b *outbox.Batch) {
	for _, o := range outs {
		n := o.Note(key.Person, key.Way, key.To)
		n.Rules = e.pages
		if o.Kind == dest.Single {
			n.Stop = e.stops.link(key, n.Rule)
		}
		if len(n.Messages) == 1 && key.Way != "mail" && len(wire) <= maxWire {
			n.Messages[0].Wire = wire
		}
		b.Notes = append(b.Notes, outbox.Planned{Way: key.Way, Note: n})
		if o.Kind == dest.Summary {
			b.Counts[outbox.Count{Way: key.Way, What: "held back"}] += int64(len(o.Items) + o.More)
		}
	}
}

// event puts one event into the boxes of those whom it concerns, and says how much more
// there is to store for that.
func (e *engine) event(ctx context.Context, now time.Time, m *match.Matcher, env event.Envelope, wire []byte, b *outbox.Batch) (int, error) {
	ev := rule.NewEvent(e.prefix, env, wire)
	if who := ev.Reporter(); who != "" && m.Knows(who) {
		if bug, who, ok := e.reports.Learn(ev); ok {
			b.Reports[bug] = who
		}
	}
	hits := m.Match(ev)
	e.mu.Lock()
	e.stats.Events++
	if len(hits) > 0 {
		e.stats.Matched++
	}
	e.mu.Unlock()
	if len(hits) == 0 {
		return 0, nil
	}
	title, link := env.Title, env.Link
	if title == "" {
		title, link = e.say(env)
	}
	item, rows := plan.ItemOf(ev, title, link), 0
	for _, c := range choose(hits, e.stops.has) {
		if env.Replaces != "" {
			said, err := e.out.Said(ctx, c.key, env.Replaces)
			if err != nil {
				return 0, err
			}
			if said {
				continue
			}
		}
		box := e.boxes[c.key]
		if box == nil {
			box = plan.NewBox()
			setUp(box, c.person)
			e.boxes[c.key] = box
		}
		r := c.rule
		item.Rule = r.Name
		rows -= box.Unstored()
		outs := box.Add(now, item, plan.How{When: r.When, Settle: r.Settle, Fold: r.Fold})
		rows += box.Unstored() + len(outs)
		b.Boxes[c.key] = box
		e.put(c.key, outs, wire, b)
	}
	return rows, nil
}

// never ends nothing: it is for trials.
func never(outbox.Key, string) bool { return false }

// A chosen rule is the one by which a person is told at an address.
type chosen struct {
	key    outbox.Key
	person *rule.Person
	rule   *rule.Rule
}

// urgency orders the times of rules.
var urgency = map[string]int{"": 0, "hourly": 1, "daily": 2, "weekly": 3}

// choose takes for each person and address the most urgent of the rules that are not
// ended there: it is said once.
func choose(hits []match.Hit, ended func(outbox.Key, string) bool) (list []chosen) {
	first := 0 // of the person of whom the hits are now: they stand together
	for i, h := range hits {
		if i > 0 && hits[i-1].Person != h.Person {
			first = len(list)
		}
		for _, to := range h.Rule.To {
			key := outbox.Key{Person: h.Person.Key, Way: to.Way, To: to.To}
			at := slices.IndexFunc(list[first:], func(c chosen) bool { return c.key == key })
			switch {
			case ended(key, h.Rule.Name):
			case at < 0:
				list = append(list, chosen{key, h.Person, h.Rule})
			case urgency[h.Rule.When.Every] < urgency[list[first+at].rule.When.Every]:
				list[first+at].rule = h.Rule
			}
		}
	}
	return list
}
