// Package match finds the rules that want an event, without asking each: by what rules
// ask for, such as a package, a bug, a person or a topic.
package match

import (
	"slices"
	"sync"

	"busbar/bus/notify/rule"
)

// A Hit is a rule of a person that looks at an event.
type Hit struct {
	Person *rule.Person
	Rule   *rule.Rule
}

// A Matcher knows all rules of a book. Match may be called by one goroutine at a time.
type Matcher struct {
	prefix string
	found  map[rule.Key][]int32
	always []int32 // what no key finds
	kinds  map[rule.KeyKind]bool
	all    []Hit
	by     map[string][]string // address: the keys of its people

	reports *Reports
	seen    []int32 // of the last event that looked at a rule
	turn    int32
}

// New indexes the rules of all people. reports may be nil.
func New(prefix string, people []*rule.Person, reports *Reports) *Matcher {
	m := &Matcher{prefix: prefix, found: map[rule.Key][]int32{}, kinds: map[rule.KeyKind]bool{}, by: map[string][]string{}, reports: reports}
	for _, p := range people {
		for _, a := range p.Addresses {
			m.by[a] = append(m.by[a], p.Key)
		}
		for _, r := range p.Rules {
			if r.Off || p.Paused {
				continue
			}
			n := int32(len(m.all))
			m.all = append(m.all, Hit{p, r})
			keys, ok := r.Filter.Keys(p)
			if !ok {
				m.always = append(m.always, n)
			}
			for _, k := range keys {
				m.found[k] = append(m.found[k], n)
				m.kinds[k.Of] = true
			}
		}
	}
	m.seen = make([]int32, len(m.all))
	return m
}

// Rules is how many there are.
func (m *Matcher) Rules() int { return len(m.all) }

// Match gives the rules that want the event, in the order of people and of their rules.
func (m *Matcher) Match(ev *rule.Event) []Hit {
	if m.turn++; m.turn < 0 {
		m.turn = 1
		clear(m.seen)
	}
	var wanted []int32
	ask := func(n int32) {
		if m.seen[n] == m.turn {
			return
		}
		m.seen[n] = m.turn
		if h := m.all[n]; h.Rule.Wants(ev, m.Of(h.Person)) == rule.Wanted {
			wanted = append(wanted, n)
		}
	}
	for _, n := range m.always {
		ask(n)
	}
	var reporters []string
	if m.kinds[rule.ByReport] {
		reporters = m.reporters(ev)
	}
	ev.EachKey(func(of rule.KeyKind) bool { return m.kinds[of] }, reporters, func(k rule.Key) {
		for _, n := range m.found[k] {
			ask(n)
		}
	})
	slices.Sort(wanted)
	hits := make([]Hit, len(wanted))
	for i, n := range wanted {
		hits[i] = m.all[n]
	}
	return hits
}

// Of is what the rules of a person need to know.
func (m *Matcher) Of(p *rule.Person) rule.Of {
	if m.reports == nil {
		return rule.Of{Person: p}
	}
	return rule.Of{Person: p, Reported: func(bug string) bool {
		who := m.reports.Reporter(bug)
		return who != "" && slices.Contains(p.Addresses, who)
	}}
}

// reporters are the keys of the people who reported one of the event's bugs.
func (m *Matcher) reporters(ev *rule.Event) (keys []string) {
	if m.reports == nil {
		return nil
	}
	for _, bug := range ev.Bugs {
		if who := m.reports.Reporter(bug); who != "" {
			keys = append(keys, m.by[who]...)
		}
	}
	return keys
}

// Knows says whether an address is somebody's here: the bugs of others are not
// remembered.
func (m *Matcher) Knows(address string) bool { return len(m.by[address]) > 0 }

// Reports remembers who reported which bug.
type Reports struct {
	mu sync.Mutex
	by map[string]string // bug: address
}

// NewReports remembers what is known.
func NewReports(known map[string]string) *Reports {
	if known == nil {
		known = map[string]string{}
	}
	return &Reports{by: known}
}

// Reporter is the address of who reported a bug; empty: unknown.
func (r *Reports) Reporter(bug string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.by[bug]
}

// LearnPast takes who reported which bug in the past, and gives those of which nothing is
// known that came later.
func (r *Reports) LearnPast(by map[string]string) map[string]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	fresh := map[string]string{}
	for bug, who := range by {
		if r.by[bug] == "" {
			r.by[bug], fresh[bug] = who, who
		}
	}
	return fresh
}

// Learn takes from an event who reported its bug; false: it does not tell.
func (r *Reports) Learn(ev *rule.Event) (bug, who string, ok bool) {
	who = ev.Reporter()
	if who == "" || len(ev.Bugs) == 0 {
		return "", "", false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	bug = ev.Bugs[0]
	if r.by[bug] == who {
		return "", "", false
	}
	r.by[bug] = who
	return bug, who, true
}
