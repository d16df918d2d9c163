package proof

import (
	"maps"
	"sync"
)

// What became of a mail whose topics need a proof.
const (
	Proved    = "proved"
	Kept      = "kept"      // as poison
	Marked    = "marked"    // published, with the evidence against it
	Believed  = "believed"  // imported, without a proof
	Undecided = "undecided" // it is tried again: a key could not be looked up
)

// Stats are counts since the start: of mails by what became of them, and of looks for evidence,
// by its kind. What the policy may lead to is there from the start.
type Stats struct{ Mails, Found, Missing map[string]int64 }

type counts struct {
	mu sync.Mutex
	s  Stats
}

func newCounts(rules map[string][]rule) *counts {
	s := Stats{map[string]int64{Proved: 0, Kept: 0, Marked: 0, Believed: 0, Undecided: 0}, map[string]int64{}, map[string]int64{}}
	for _, list := range rules {
		for _, r := range list {
			for _, t := range r {
				s.Found[t.kind], s.Missing[t.kind] = 0, 0
			}
		}
	}
	return &counts{s: s}
}

// Stats may be asked from any goroutine.
func (p *Policy) Stats() Stats {
	p.counts.mu.Lock()
	defer p.counts.mu.Unlock()
	return Stats{maps.Clone(p.counts.s.Mails), maps.Clone(p.counts.s.Found), maps.Clone(p.counts.s.Missing)}
}

// became takes note of what became of a mail, and of what was looked for.
func (c *counts) became(what string, l *look) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.s.Mails[what]++
	for t, f := range l.found {
		switch {
		case f.ok:
			c.s.Found[t.kind]++
		case f.err == nil:
			c.s.Missing[t.kind]++
		}
	}
}
