package journal

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"busbar/common/event"
)

// A batch is a group on its way into one transaction.
type batch struct {
	now      time.Time
	state    state // as it will be
	parts    []part
	messages []*message
	sealer   *sealer
	facts    map[uuid.UUID]*fact // made, suppressed or changed in this batch
	changed  map[uuid.UUID]bool  // facts that were known with less evidence
	counters map[counter]int64
	dropped  []droppedPoison // to make room
	err      error           // of all
}

// A part is one record of the batch. A part with err is not stored.
type part struct {
	record Record
	result Result
	err    error
}

type message struct {
	Message
	uuid    uuid.UUID
	encoded *event.Encoded // until it is sealed
	sealed  chan struct{}  // closed then
}

// draft gives the events of a group their place in the sequence and chains
// them. Sealing them may go on when it returns.
func (j *Journal) draft(ctx context.Context, group []job) *batch {
	b := &batch{
		now: j.o.Now().UTC(), state: j.state, parts: make([]part, len(group)),
		sealer: newSealer(j.o.Seal), facts: map[uuid.UUID]*fact{}, changed: map[uuid.UUID]bool{}, counters: map[counter]int64{},
	}
	for i, next := range group {
		p := &b.parts[i]
		if next.still != nil && !next.still() {
			p.err = ErrStale
			continue
		}
		p.record = next.record
		if b.err = j.place(ctx, b, p, next); b.err != nil {
			return b
		}
	}
	return b
}

// place adds one record to the batch. Its error is the batch's; the record's
// own fault is in p.
func (j *Journal) place(ctx context.Context, b *batch, p *part, next job) error {
	r := &p.record
	if p.err = r.complete(); p.err != nil {
		return nil
	}
	if r.Received.IsZero() {
		r.Received = b.now
	}
	if next.unsaid != nil {
		if p.err = r.refuse(next.unsaid); p.err == nil {
			p.result.Poison = r.Poison
		}
		return nil
	}
	for _, u := range r.Suppressed {
		if b.facts[u] == nil {
			b.facts[u] = &fact{}
		}
	}
	replaced := map[string]string{} // keys of facts that are published again, to their messages
	for i, e := range r.Events {
		if e.Kind.Family != "" && !slices.Contains(j.o.Compat, e.Kind.Family) {
			continue
		}
		if err := j.tell(ctx, b, p, e, next.texts[i], replaced); err != nil {
			return err
		}
	}
	if r.Skip != "" {
		b.counters[counter{kindSkip, j.reason(r.Skip)}]++
	}
	return nil
}

// A text is what a message says: to programs, and to people.
type text struct {
	body        any
	title, link string
}

// encode checks events, turns their bodies into trees and says them. Sentences
// are the adapters' code, whose panic must not end the journal.
func encode(events []event.Event) (texts []text, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("saying an event: it panicked: %v", v)
		}
	}()
	texts = make([]text, len(events))
	for i, e := range events {
		if err := e.Validate(); err != nil {
			return nil, err
		}
		body, err := event.Tree(e.Body)
		if err == nil {
			err = event.CheckSize(body)
		}
		if err != nil {
			return nil, err
		}
		texts[i] = text{body, e.Title(), e.Link()}
	}
	return texts, nil
}

// tell makes e the next message, unless its fact is known.
func (j *Journal) tell(ctx context.Context, b *batch, p *part, e event.Event, t text, replaced map[string]string) error {
	r := &p.record
	now := fact{substance: event.SubstanceOf(e.Kind, e.Body), strength: event.Strength(r.Evidence)}
	if now.strength == event.StrengthSource {
		now.substance = nil
	}
	known, err := j.fact(ctx, b, e.UUID())
	if err != nil {
		return err
	}
	if known == nil {
		p.result.Seqs = append(p.result.Seqs, b.state.headSeq+1)
		return b.chain(*r, e, e.UUID(), t, now, "")
	}
	relation, err := j.compare(ctx, b, known, e, now)
	if err != nil {
		return err
	}
	first, err := j.messageID(ctx, b, known, e, *r)
	if err != nil {
		return err
	}
	if relation == stronger {
		replaced[e.Key] = first
	}
	// The old names of a fact go with it.
	if u := e.Replacement(now.substance); relation == stronger || e.Kind.Family != "" && replaced[e.Key] != "" {
		if again, err := j.fact(ctx, b, u); err != nil || again == nil {
			if err != nil {
				return err
			}
			p.result.Seqs = append(p.result.Seqs, b.state.headSeq+1)
			b.counters[counter{kindTotal, replacements}]++
			return b.chain(*r, e, u, t, now, first)
		}
	}
	p.result.Duplicates++
	b.counters[counter{kindTotal, duplicates}]++
	if relation == disputed {
		p.result.Disputed = append(p.result.Disputed, first)
		b.counters[counter{kindTotal, disputes}]++
	}
	return nil
}

// chain makes e the next message, under the identity u.
func (b *batch) chain(r Record, e event.Event, u uuid.UUID, t text, f fact, replaces string) error {
	s, at := &b.state, e.Time
	if at.IsZero() {
		at = r.Received
	}
	m := &message{uuid: u, Message: Message{
		Seq: s.headSeq + 1, ID: event.FormatID(at, u), Topic: event.JoinTopic(s.Prefix, s.Environment, e.Kind.Topic),
		Time: b.now.Truncate(time.Second), Prev: s.headHash,
	}}
	tree := event.Envelope{
		Topic: m.Topic, MsgID: m.ID, I: m.Seq, Timestamp: m.Time.Unix(), Username: s.Username,
		Seq: m.Seq, Publisher: s.Name, Epoch: s.epoch, Prev: m.Prev,
		Origin: r.Origin, EventTime: event.Stamp(e.Time), Evidence: r.Evidence, Recovered: e.Recovered,
		Replaces: replaces, Title: t.title, Link: t.link, Msg: t.body,
	}.Tree()
	var err error
	if m.encoded, err = event.Encode(tree); err != nil {
		return err
	}
	m.Hash = m.encoded.Hash()
	s.headSeq, s.headHash = m.Seq, m.Hash
	f.seq = m.Seq
	b.facts[u] = &f
	b.messages = append(b.messages, m)
	b.sealer.begin(m)
	b.counters[counter{kindTopic, m.Topic}]++
	return nil
}
