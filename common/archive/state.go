package archive

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"busbar/common/event"
	"busbar/common/state"
)

// maxHeld is how many things an indexer holds until it stores them.
const maxHeld = 4096

// A thingKey names a thing.
type thingKey struct{ kind, key string }

// A held is a thing that messages of a batch change: it is read and stored once.
type held struct {
	*state.Thing
	there   bool
	pkg     string // its package as it is stored
	changed bool
}

// state takes what a message says of things. What is older than what is known changes
// nothing.
func (x *indexer) state(n int64, e event.Envelope, updates []state.Update) {
	if len(updates) == 0 {
		return
	}
	at := state.StampOf(e, n, x.turn(e, n))
	for _, u := range updates {
		h := x.thing(thingKey{u.Kind, u.Key})
		if x.t.err != nil {
			return
		}
		h.changed = h.Apply(u, at) || h.changed
	}
	if len(x.things) > maxHeld {
		x.store()
	}
}

// thing is a thing as it is known.
func (x *indexer) thing(at thingKey) *held {
	if h := x.things[at]; h != nil {
		return h
	}
	h := &held{Thing: &state.Thing{}}
	var said []byte
	if h.there = x.t.get("SELECT package, said FROM "+x.states+" WHERE kind = ? AND key = ?", []any{at.kind, at.key}, &h.pkg, &said); h.there {
		var err error
		if h.Thing, err = state.Read(said); err != nil {
			x.t.err = fmt.Errorf("%w: the state of %s %.80q: %w", ErrCorrupt, at.kind, at.key, err)
			return h
		}
	}
	if x.things == nil {
		x.things = map[thingKey]*held{}
	}
	x.things[at] = h
	return h
}

// store stores the things that changed, in the order of their table.
func (x *indexer) store() {
	keys := slices.SortedFunc(maps.Keys(x.things), func(a, b thingKey) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.key, b.key))
	})
	for _, at := range keys {
		h := x.things[at]
		if !h.changed || x.t.err != nil {
			continue
		}
		newest, gone, pkg := h.Newest(), 0, h.Text("package")
		if h.IsGone() {
			gone = 1
		}
		if len(pkg) > maxNameLength {
			pkg = ""
		}
		value, said := h.Value(), h.Append(nil)
		if h.there && h.pkg == pkg { // leaves the index by package alone
			x.t.run("UPDATE "+x.states+" SET gone = ?, n = ?, time = ?, value = ?, said = ? WHERE kind = ? AND key = ?", gone, newest.N, newest.Time, value, said, at.kind, at.key)
		} else {
			x.t.run("INSERT OR REPLACE INTO "+x.states+" (kind, key, package, gone, n, time, value, said) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
				at.kind, at.key, pkg, gone, newest.N, newest.Time, value, said)
		}
	}
	clear(x.things)
}

// turn is how often a message's sequence had begun again when it came.
func (x *indexer) turn(e event.Envelope, n int64) int64 {
	if e.Seq <= 0 {
		return 0
	}
	key := Position{Publisher: e.Publisher, Epoch: e.Epoch}
	list, ok := x.known.turns[key]
	if !ok && x.t.err == nil {
		var err error
		list, err = collect(x.t.ctx, x.t.tx, func(scan func(...any) error, n *int64) error { return scan(n) },
			"SELECT n FROM gaps WHERE publisher = ? AND epoch = ? AND "+putBack+" ORDER BY n LIMIT ?", e.Publisher, e.Epoch, maxTurns)
		if x.t.err = err; err == nil {
			put(&x.known.turns, key, list)
		}
	}
	i, _ := slices.BinarySearch(list, n)
	return int64(i)
}
