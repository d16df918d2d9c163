// Package recent remembers what was put last, within a bound.
package recent

import "iter"

// A Memory keeps at least half of size and at most size of the values that were
// put last, by their keys. Forgetting is cheap. It is not safe for concurrent use.
type Memory[K comparable, V any] struct {
	half     int
	new, old map[K]V
}

// New makes a memory of this size.
func New[K comparable, V any](size int) *Memory[K, V] {
	return &Memory[K, V]{half: max(size/2, 1), new: map[K]V{}}
}

// Get is the value of a key, if it is remembered.
func (m *Memory[K, V]) Get(k K) (V, bool) {
	v, ok := m.new[k]
	if !ok {
		v, ok = m.old[k]
	}
	return v, ok
}

// Put remembers a value, in place of an earlier one of that key.
func (m *Memory[K, V]) Put(k K, v V) {
	if _, ok := m.new[k]; !ok && len(m.new) >= m.half {
		m.old, m.new = m.new, map[K]V{}
	}
	m.new[k] = v
}

// All is what is remembered, in no order.
func (m *Memory[K, V]) All() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		for k, v := range m.new {
			if !yield(k, v) {
				return
			}
		}
		for k, v := range m.old {
			if _, newer := m.new[k]; !newer && !yield(k, v) {
				return
			}
		}
	}
}
