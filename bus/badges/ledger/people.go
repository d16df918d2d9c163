package ledger

import (
	"maps"
	"slices"

	"busbar/bus/badges/rule"
)

// A known person is one with a number in the file.
type known struct {
	id    int64
	name  string
	at    stamp // of the message that has the name
	moved bool  // name and at are not stored
}

// A hidden key is one that never earns.
type hidden struct{ out, never bool }

// Bounds on what is remembered of people.
const maxKnown = 100_000

func (l *Ledger) hides(key string) hidden {
	h, ok := l.hidden[key]
	if !ok {
		if len(l.hidden) >= maxKnown {
			clear(l.hidden)
		}
		h.out, h.never = l.set.Hides(key)
		l.hidden[key] = h
	}
	return h
}

// person is the number of a person, who is new or not, and takes the name of the newest
// message.
func (b *batch) person(p rule.Person, at stamp) int64 {
	k := b.l.people[p.Key]
	if k == nil {
		k = &known{}
		if !b.tx.get("SELECT id, name, at, msg FROM people WHERE key = ?", []any{p.Key}, &k.id, &k.name, &k.at.at, &k.at.msg) {
			b.tx.get("INSERT INTO people (key, name, at, msg) VALUES (?, ?, ?, ?) RETURNING id", []any{p.Key, p.Name, at.at, at.msg}, &k.id)
			k.name, k.at = p.Name, at
		}
		b.l.people[p.Key] = k
	}
	if p.Name != "" && (k.name == "" || at.compare(k.at) > 0 || at == k.at && p.Name > k.name) {
		k.name, k.at, k.moved = p.Name, at, true
	}
	return k.id
}

// name stores the names that are new.
func (b *batch) name() {
	for _, key := range slices.Sorted(maps.Keys(b.l.people)) {
		if k := b.l.people[key]; k.moved {
			b.tx.run("UPDATE people SET name = ?, at = ?, msg = ? WHERE id = ?", k.name, k.at.at, k.at.msg, k.id)
			k.moved = false
		}
	}
	if len(b.l.people) > maxKnown {
		clear(b.l.people)
	}
}
