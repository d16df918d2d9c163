// Package condition keeps what is not as it should be in a running program:
// named conditions, each with its start, a text, and what to do. The
// parts of a program raise and clear them; whoever shows the program's health
// reads the one set.
//
// Not here: who raises what (the parts), and how it is shown
// (common/node).
package condition

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// A Level is how bad a condition is.
type Level string

const (
	// Fail: something that should reach the bus does not.
	Fail Level = "fail"
	// Warn: it all arrives, but will not for long, or not as it should.
	Warn Level = "warn"
)

// A Condition is one thing that is not as it should be.
type Condition struct {
	Name  string    `json:"name"` // of few values: it is a metric's label
	Level Level     `json:"level"`
	Since time.Time `json:"since"`
	Text  string    `json:"text"`
	Hint  string    `json:"hint,omitempty"` // what a person can do
}

// String is the condition for people, on one line.
func (c Condition) String() string {
	s := c.Name + ": " + c.Text
	if c.Hint != "" {
		s += " (" + c.Hint + ")"
	}
	return s
}

// A Set holds a program's conditions. Its methods are safe for concurrent use,
// and a nil Set takes everything and holds nothing.
type Set struct {
	mu     sync.Mutex
	raised map[string]Condition
	probes []func() []Condition
	since  map[string]time.Time // of what the probes said last
}

// Raise adds a condition, or replaces one of that name: its Since stays.
func (s *Set) Raise(c Condition) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.raised == nil {
		s.raised = map[string]Condition{}
	}
	if was, ok := s.raised[c.Name]; ok {
		c.Since = was.Since
	} else if c.Since.IsZero() {
		c.Since = time.Now()
	}
	s.raised[c.Name] = c
}

// Clear removes a condition.
func (s *Set) Clear(name string) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.raised, name)
}

// Note raises a failure of that name, or clears it where err is nil.
func (s *Set) Note(name string, err error, hint string) {
	if err == nil {
		s.Clear(name)
		return
	}
	s.Raise(Condition{Name: name, Level: Fail, Text: err.Error(), Hint: hint})
}

// Watch adds a probe, which is called each time the set is read. probe must be
// quick, and may not call the set.
func (s *Set) Watch(probe func() []Condition) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.probes = append(s.probes, probe)
}

// All is what there is now: failures first, each group by name.
func (s *Set) All() []Condition {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	probes := slices.Clone(s.probes)
	s.mu.Unlock()
	var list []Condition
	for _, probe := range probes { // without the lock: they may wait for others
		list = append(list, probe()...)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	since := map[string]time.Time{}
	for i, c := range list {
		if c.Since.IsZero() {
			if c.Since = s.since[c.Name]; c.Since.IsZero() {
				c.Since = time.Now()
			}
		}
		since[c.Name] = c.Since
		list[i] = c
	}
	s.since = since
	for _, c := range s.raised {
		list = append(list, c)
	}
	Sort(list)
	return list
}

// Sort puts failures first, each group by name.
func Sort(list []Condition) {
	slices.SortStableFunc(list, func(a, b Condition) int {
		return cmp.Or(cmp.Compare(a.Level, b.Level), cmp.Compare(a.Name, b.Name)) // "fail" < "warn"
	})
}

// Failed reports whether one of them is a failure.
func Failed(list []Condition) bool {
	return slices.ContainsFunc(list, func(c Condition) bool { return c.Level == Fail })
}
