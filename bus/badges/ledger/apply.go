package ledger

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"

	"busbar/bus/badges/rule"
)

// A Read message is one of the archive; N or Copy say which. The other is 0.
type Read struct {
	N, Copy int64
	Event   *rule.Event
}

// A stamp orders messages: by the time when it happened, then by id.
type stamp struct {
	at  int64
	msg string
}

func (s stamp) compare(t stamp) int {
	return cmp.Or(cmp.Compare(s.at, t.at), cmp.Compare(s.msg, t.msg))
}

type (
	pairKey struct{ badge, person int64 }
	unitKey struct {
		pair pairKey
		unit string
	}
	thingKey struct {
		badge int64
		thing string
	}
)

// A step is one of a chain.
type step struct {
	stamp
	part   int
	person int64
}

// A winner is who was first.
type winner struct {
	stamp
	key    string // of the person, to have an order where a message names two
	person int64
}

// A batch is what messages come to, before it is stored.
type batch struct {
	ctx     context.Context
	tx      *transaction
	l       *Ledger
	byID    map[int64]*held
	units   map[unitKey]stamp
	steps   map[thingKey]map[step]bool
	winners map[thingKey]winner
	lost    map[pairKey]bool // somebody is no more the first
}

// Apply stores what messages mean, and that the archive is read up to a position.
func (l *Ledger) Apply(ctx context.Context, messages []Read, to Position) error {
	err := write(ctx, l.db, func(tx *sql.Tx) error {
		t := &transaction{ctx: ctx, tx: tx, statements: map[string]*sql.Stmt{}}
		b := &batch{ctx: ctx, tx: t, l: l, byID: map[int64]*held{}, units: map[unitKey]stamp{}, steps: map[thingKey]map[step]bool{}, winners: map[thingKey]winner{}, lost: map[pairKey]bool{}}
		for _, h := range l.badges {
			b.byID[h.id] = h
		}
		for _, m := range messages {
			b.gather(m)
		}
		b.name()
		b.chains()
		b.firsts()
		b.tally()
		for _, h := range l.badges {
			p := h.position.upTo(to)
			t.run("UPDATE badges SET n = ?, copies = ? WHERE id = ?", p.N, p.Copies, h.id)
		}
		return t.err
	})
	if err != nil {
		clear(l.people) // who was new there is not stored
		return fmt.Errorf("storing badges: %w", err)
	}
	for _, h := range l.badges {
		h.position = h.position.upTo(to)
	}
	return nil
}

func (p Position) upTo(to Position) Position {
	return Position{max(p.N, to.N), max(p.Copies, to.Copies)}
}

// gather adds what one message says.
func (b *batch) gather(m Read) {
	for _, h := range b.l.badges {
		if m.N <= h.position.N && m.Copy <= h.position.Copies {
			continue
		}
		for _, f := range h.Facts(m.Event) {
			b.fact(h, stamp{m.Event.At, m.Event.ID}, f)
		}
	}
}

func (b *batch) fact(h *held, at stamp, f rule.Fact) {
	person := int64(0)
	if f.Person.Key != "" {
		hide := b.l.hides(f.Person.Key)
		if hide.never || hide.out && h.Kind != rule.First {
			return
		}
		if !hide.out {
			person = b.person(f.Person, at)
		}
	}
	thing := thingKey{h.id, f.Unit}
	switch {
	case h.Chain():
		if b.steps[thing] == nil {
			b.steps[thing] = map[step]bool{}
		}
		b.steps[thing][step{at, f.Part, person}] = true
	case h.Kind == rule.First:
		w := winner{at, f.Person.Key, person}
		if old, ok := b.winners[thing]; !ok || w.before(old) {
			b.winners[thing] = w
		}
	default:
		b.unit(h.id, person, f.Unit, at)
	}
}

func (w winner) before(old winner) bool {
	return cmp.Or(w.compare(old.stamp), cmp.Compare(w.key, old.key)) < 0
}

func (b *batch) unit(badge, person int64, unit string, at stamp) {
	key := unitKey{pairKey{badge, person}, unit}
	if old, ok := b.units[key]; !ok || at.compare(old) < 0 {
		b.units[key] = at
	}
}

// firsts stores who was first, so far as is known now.
func (b *batch) firsts() {
	for _, key := range slices.SortedFunc(maps.Keys(b.winners), thingKey.compare) {
		w := b.winners[key]
		var old winner
		there := b.tx.get("SELECT f.at, f.msg, f.person, coalesce(p.key, '') FROM firsts f LEFT JOIN people p ON p.id = f.person WHERE f.badge = ? AND f.thing = ?",
			[]any{key.badge, key.thing}, &old.at, &old.msg, &old.person, &old.key)
		if there && old.person == 0 {
			old.key = w.key // of who opted out nothing is kept
		}
		if there && !w.before(old) {
			continue
		}
		b.tx.run("INSERT INTO firsts VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET at = excluded.at, msg = excluded.msg, person = excluded.person",
			key.badge, key.thing, w.at, w.msg, w.person)
		if there && old.person != 0 && old.person != w.person {
			b.tx.run("DELETE FROM units WHERE badge = ? AND person = ? AND unit = ?", key.badge, old.person, key.thing)
			b.tx.run("UPDATE tallies SET n = n - 1 WHERE badge = ? AND person = ?", key.badge, old.person)
			b.lost[pairKey{key.badge, old.person}] = true
		}
		if w.person != 0 {
			b.unit(key.badge, w.person, key.thing, w.stamp)
		}
	}
}

func (k thingKey) compare(o thingKey) int {
	return cmp.Or(cmp.Compare(k.badge, o.badge), cmp.Compare(k.thing, o.thing))
}

// A transaction runs statements until one fails.
type transaction struct {
	ctx        context.Context
	tx         *sql.Tx
	statements map[string]*sql.Stmt
	err        error
}

func (t *transaction) prepared(query string) *sql.Stmt {
	s := t.statements[query]
	if s == nil && t.err == nil {
		if s, t.err = t.tx.PrepareContext(t.ctx, query); t.err == nil {
			t.statements[query] = s
		}
	}
	return s
}

func (t *transaction) run(query string, args ...any) (affected int64) {
	s := t.prepared(query)
	if t.err != nil {
		return 0
	}
	r, err := s.ExecContext(t.ctx, args...)
	if err == nil {
		affected, err = r.RowsAffected()
	}
	t.err = err
	return affected
}

// get reads one row; false: there is none.
func (t *transaction) get(query string, args []any, to ...any) bool {
	s := t.prepared(query)
	if t.err != nil {
		return false
	}
	err := s.QueryRowContext(t.ctx, args...).Scan(to...)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		t.err = err
	}
	return err == nil
}

// each reads rows.
func (t *transaction) each(query string, args []any, row func(scan func(...any) error) error) {
	s := t.prepared(query)
	if t.err != nil {
		return
	}
	rows, err := s.QueryContext(t.ctx, args...)
	if err == nil {
		defer rows.Close()
		for err == nil && rows.Next() {
			err = row(rows.Scan)
		}
		err = errors.Join(err, rows.Err())
	}
	t.err = err
}
