package state

import (
	"cmp"
	"maps"
	"slices"

	"busbar/common/event"
)

// Bounds on a thing. Beyond them what was said first goes.
const (
	maxValue   = 8 << 10 // bytes of a member: a longer one is not known
	maxEntries = 4000
	maxStored  = 1 << 20
)

// A Thing is what was said of one thing, as far as it matters still.
type Thing struct {
	stamps  []Stamp
	entries []entry // sorted by place
}

// An entry is one thing that was said, and that nothing newer from the same source
// replaces. There are three sorts of them:
//
//   - member and no element: the member has a value; of a list, these elements
//   - member and element: the value is 1 or 0: it is in the list, or is not
//   - neither: of all members nothing older is so
type entry struct {
	source  string // the sequence, where numbers count; else empty
	member  string
	element string // JSON
	value   string // JSON; empty: not known
	stamp   int    // in stamps
}

func place(a, b entry) int {
	return cmp.Or(cmp.Compare(a.source, b.source), cmp.Compare(a.member, b.member), cmp.Compare(a.element, b.element))
}

// Apply takes a change. It says whether anything was news.
func (t *Thing) Apply(u Update, at Stamp) bool {
	if u.Weak {
		at.Said = 0
	}
	a := applying{t: t, at: at}
	if u.InSequence {
		a.source = at.Publisher + " " + at.Epoch
	}
	if u.Whole {
		a.put("", "", "")
		a.forget(func(e entry) bool { return e.member != "" })
	}
	if a.older("", "") {
		return a.news
	}
	for _, member := range slices.Sorted(maps.Keys(u.Set)) {
		a.set(member, u.Set[member])
	}
	for _, member := range slices.Sorted(maps.Keys(u.Remove)) {
		a.elements(member, u.Remove[member], "0")
	}
	for _, member := range slices.Sorted(maps.Keys(u.Add)) {
		a.elements(member, u.Add[member], "1")
	}
	if u.Gone {
		a.put(Gone, "", "true")
	}
	a.put(Event, "", encode(u.Topic))
	t.tidy()
	return a.news
}

// An applying is a change on its way into a thing.
type applying struct {
	t      *Thing
	source string
	at     Stamp
	stamp  int // its place in stamps, from 1; 0: not there yet
	news   bool
}

// compare orders the change and what was said: within a source its own order counts.
func (a *applying) compare(stamp int) int {
	if a.source != "" {
		return a.at.inSequence(a.t.stamps[stamp])
	}
	return a.at.Compare(a.t.stamps[stamp])
}

// older says whether what stands at a place is newer than the change.
func (a *applying) older(member, element string) bool {
	i, found := slices.BinarySearchFunc(a.t.entries, entry{source: a.source, member: member, element: element}, place)
	return found && a.compare(a.t.entries[i].stamp) < 0
}

// put stores an entry, unless a newer one is there.
func (a *applying) put(member, element, value string) bool {
	e := entry{source: a.source, member: member, element: element, value: value}
	i, found := slices.BinarySearchFunc(a.t.entries, e, place)
	if found && a.compare(a.t.entries[i].stamp) < 0 {
		return false
	}
	if a.stamp == 0 {
		a.t.stamps = append(a.t.stamps, a.at)
		a.stamp = len(a.t.stamps)
	}
	e.stamp = a.stamp - 1
	if found {
		a.t.entries[i] = e
	} else {
		a.t.entries = slices.Insert(a.t.entries, i, e)
	}
	a.news = true
	return true
}

// forget drops entries of the same source that are older than the change.
func (a *applying) forget(which func(entry) bool) {
	a.t.entries = slices.DeleteFunc(a.t.entries, func(e entry) bool {
		return e.source == a.source && which(e) && a.compare(e.stamp) > 0
	})
}

func (a *applying) set(member string, value any) {
	text := encode(value)
	if len(text) > maxValue || value == nil {
		text = ""
	}
	if a.put(member, "", text) {
		a.forget(func(e entry) bool { return e.member == member && e.element != "" })
	}
}

func (a *applying) elements(member string, list []any, value string) {
	if a.older(member, "") {
		return
	}
	for _, v := range list {
		if text := encode(v); text != "" && len(text) <= maxValue {
			a.put(member, text, value)
		}
	}
}

// encode is a value as JSON; empty where it has none.
func encode(v any) string {
	text, err := event.Canonical(v)
	if err != nil {
		return ""
	}
	return string(text)
}

// tidy drops stamps that nothing has, and what is too much.
func (t *Thing) tidy() {
	size := 0
	for _, e := range t.entries {
		size += len(e.member) + len(e.element) + len(e.value) + 8
	}
	if len(t.entries) > maxEntries || size > maxStored {
		t.shrink()
	}
	used := make([]int, len(t.stamps))
	for _, e := range t.entries {
		used[e.stamp]++
	}
	if !slices.Contains(used, 0) {
		return
	}
	kept := t.stamps[:0:0]
	for i, s := range t.stamps {
		if n := used[i]; n > 0 {
			kept = append(kept, s)
			used[i] = len(kept) - 1
		}
	}
	for i := range t.entries {
		t.entries[i].stamp = used[t.entries[i].stamp]
	}
	t.stamps = kept
}

// shrink keeps the newest half of the entries.
func (t *Thing) shrink() {
	order := slices.Clone(t.entries)
	slices.SortFunc(order, func(a, b entry) int { return cmp.Or(t.stamps[b.stamp].Compare(t.stamps[a.stamp]), place(a, b)) })
	t.entries = order[:len(order)/2]
	slices.SortFunc(t.entries, place)
}
