package recent

import "testing"

func TestAll(t *testing.T) {
	m := New[int, int](10)
	for i := range 100 {
		m.Put(i, -i)
		if i > 0 {
			m.Put(i-1, -i) // again: the newer value holds
		}
		if v, ok := m.Get(max(0, i-4)); !ok || v > 0 {
			t.Fatalf("after %d: %d, %v", i, v, ok)
		}
	}
	if _, ok := m.Get(80); ok {
		t.Error("80 is not forgotten")
	}
	seen := map[int]int{}
	for k, v := range m.All() {
		if _, twice := seen[k]; twice {
			t.Errorf("%d comes twice", k)
		}
		seen[k] = v
	}
	if len(seen) < 5 || len(seen) > 10 || seen[98] != -99 {
		t.Errorf("remembered: %v", seen)
	}
}

func TestMemoryForgetsTheOldest(t *testing.T) {
	m := New[int, int](10)
	for i := range 1000 {
		m.Put(i, i*i)
		m.Put(0, 7) // what is used stays
		if len(m.new)+len(m.old) > 10 {
			t.Fatalf("%d things are remembered", len(m.new)+len(m.old))
		}
		if v, ok := m.Get(i); i > 0 && (!ok || v != i*i) {
			t.Fatalf("%d is forgotten at once", i)
		}
	}
	if v, ok := m.Get(0); !ok || v != 7 {
		t.Error("what is put again is forgotten")
	}
	if _, ok := m.Get(500); ok {
		t.Error("nothing is forgotten")
	}
}
