package journal

import (
	"cmp"
	"slices"
)

// A queue says which items of poison go first. A journal of an earlier program,
// or a bound that was lowered, can have very many over the bounds: the work grows
// with their number, not with its square.
type queue struct {
	all    []droppedPoison // oldest first
	gone   []bool          // by place in all
	groups []*group
	left   int
}

// A group is what one translator holds: places in all.
type group struct {
	items, bytes int64
	oldest       []int // oldest first
	largest      []int // largest first, of equal ones the oldest
}

func newQueue(all []droppedPoison) *queue {
	q := &queue{all: all, gone: make([]bool, len(all)), left: len(all)}
	byName := map[string]*group{}
	for i, d := range all {
		g := byName[d.group()]
		if g == nil {
			g = &group{}
			byName[d.group()] = g
			q.groups = append(q.groups, g)
		}
		g.items, g.bytes = g.items+1, g.bytes+d.size
		g.oldest = append(g.oldest, i)
	}
	for _, g := range q.groups {
		g.largest = slices.Clone(g.oldest)
		slices.SortStableFunc(g.largest, func(a, b int) int { return cmp.Compare(all[b].size, all[a].size) })
	}
	return q
}

// victim takes out what goes first: of the group that holds most bytes its
// largest item, or of the one that holds most items its oldest. Of groups that
// hold as much it is the one with the oldest item. There must be one.
func (q *queue) victim(bytes bool) droppedPoison {
	var best *group
	for _, g := range q.groups {
		g.oldest, g.largest = q.present(g.oldest), q.present(g.largest)
		if g.items == 0 {
			continue
		}
		order := 1
		if best != nil && bytes {
			order = cmp.Compare(g.bytes, best.bytes)
		} else if best != nil {
			order = cmp.Compare(g.items, best.items)
		}
		if order > 0 || order == 0 && g.oldest[0] < best.oldest[0] {
			best = g
		}
	}
	i := best.oldest[0]
	if bytes {
		i = best.largest[0]
	}
	d := q.all[i]
	q.gone[i] = true
	best.items, best.bytes = best.items-1, best.bytes-d.size
	q.left--
	return d
}

// present leaves out what is gone at the beginning of a list.
func (q *queue) present(places []int) []int {
	for len(places) > 0 && q.gone[places[0]] {
		places = places[1:]
	}
	return places
}
