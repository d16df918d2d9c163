package journal

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"busbar/fixtures/cases"
)

// naive is the rule as it is written down, looked for again each time.
func naive(all []droppedPoison, bytes bool) int {
	held := map[string]int64{}
	for _, d := range all {
		if bytes {
			held[d.group()] += d.size
		} else {
			held[d.group()]++
		}
	}
	best := 0
	for i := range all {
		order := cmp.Compare(held[all[i].group()], held[all[best].group()])
		if order == 0 && bytes && all[i].group() == all[best].group() {
			order = cmp.Compare(all[i].size, all[best].size)
		}
		if order > 0 {
			best = i
		}
	}
	return best
}

func TestVictimsGoByTheRule(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 1))
		var all []droppedPoison
		for i := range 1 + rng.IntN(40) {
			all = append(all, droppedPoison{id: int64(i), size: rng.Int64N(6), translator: fmt.Sprint(rng.IntN(3)), disputed: rng.IntN(2) == 0})
		}
		q := newQueue(slices.Clone(all))
		for len(all) > 0 {
			bytes := rng.IntN(2) == 0
			i := naive(all, bytes)
			if got := q.victim(bytes); got != all[i] {
				t.Fatalf("seed %d: %+v goes, want %+v", seed, got, all[i])
			}
			all = slices.Delete(all, i, i+1)
		}
		if q.left != 0 {
			t.Fatalf("seed %d: %d are left of none", seed, q.left)
		}
	}
}

// A journal that an earlier program filled, or bounds that were lowered: all that
// is too much goes at the first new poison. Looking for each again would take
// hours.
func TestVeryMuchPoisonGoesAtOnce(t *testing.T) {
	t.Parallel()
	const bound = 10
	much := cases.Of(20_000, 100_000)
	path := closedJournal(t, 1)
	alter(t, path, fmt.Sprintf(`INSERT INTO poison (digest, origin, translator, reason, attempts, first, last, item)
		WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
		SELECT 'digest ' || i, 'spool ' || i, 'notes ' || (i %% 7), 'odd', 1, i, i, zeroblob(i %% 50) FROM n`, much))
	o := options(path)
	o.Poison = PoisonBounds{Items: bound}
	j := mustOpen(t, o)
	r := noteRecord("m-new")
	r.Events, r.Poison = nil, "cannot be read"
	mustAppend(t, j, r)
	counts, err := j.Reader().Counts(context.Background())
	if err != nil || counts.Poisoned != bound || counts.PoisonDropped != int64(much)+1-bound {
		t.Errorf("%d kept, %d dropped (%v); want %d and %d", counts.Poisoned, counts.PoisonDropped, err, bound, much+1-bound)
	}
}
