package ledger

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"time"
)

// chains stores steps, and finds whose chains are complete.
func (b *batch) chains() {
	for _, key := range slices.SortedFunc(maps.Keys(b.steps), thingKey.compare) {
		for s := range b.steps[key] {
			b.tx.run("INSERT OR IGNORE INTO steps VALUES (?, ?, ?, ?, ?, ?)", key.badge, key.thing, s.at, s.msg, s.part, s.person)
		}
		var all []step
		b.tx.each("SELECT at, msg, part, person FROM steps WHERE badge = ? AND thing = ?", []any{key.badge, key.thing}, func(scan func(...any) error) error {
			var s step
			err := scan(&s.at, &s.msg, &s.part, &s.person)
			all = append(all, s)
			return err
		})
		h := b.byID[key.badge]
		for person, at := range complete(all, len(h.Parts), h.Within) {
			b.unit(key.badge, person, key.thing, at)
		}
	}
}

// complete is when each person's chain was first complete: steps 0 to parts-1, one
// behind the other, within a time from the first to the last. Steps without a person
// are everybody's.
func complete(steps []step, parts int, within time.Duration) map[int64]stamp {
	slices.SortFunc(steps, func(x, y step) int {
		return cmp.Or(x.compare(y.stamp), cmp.Compare(x.part, y.part), cmp.Compare(x.person, y.person))
	})
	of := map[int64][]step{}
	for _, s := range steps {
		if s.person != 0 {
			of[s.person] = nil
		}
	}
	done := map[int64]stamp{}
	for person := range of {
		if at, ok := chain(steps, person, parts, within); ok {
			done[person] = at
		}
	}
	return done
}

// never is when nothing began.
const never = math.MinInt64

// chain looks through the steps, in order, for one person's chain.
func chain(steps []step, person int64, parts int, within time.Duration) (stamp, bool) {
	// began is, of chains whose last step so far is this one, the latest beginning.
	began := make([]int64, parts)
	for i := range began {
		began[i] = never
	}
	for i := 0; i < len(steps); {
		// One message is one step: what it says is compared with what was before it.
		same := i
		for ; same < len(steps) && steps[same].stamp == steps[i].stamp; same++ {
		}
		for _, s := range slices.Backward(steps[i:same]) { // later parts first
			switch {
			case s.person != 0 && s.person != person:
				continue
			case s.part == 0:
				began[0] = s.at
			case began[s.part-1] != never && (within == 0 || s.at-began[s.part-1] <= int64(within/time.Second)):
				began[s.part] = max(began[s.part], began[s.part-1])
				if s.part == parts-1 {
					return s.stamp, true
				}
			}
		}
		i = same
	}
	return stamp{}, false
}
