package replay

import (
	"context"
	"errors"
	"slices"
	"testing"
)

// TestTurns: one host that asks for much waits as long as one that asks for little.
func TestTurns(t *testing.T) {
	s := newTurns(1)
	if err := s.take(t.Context(), "x"); err != nil {
		t.Fatal(err)
	}
	order := make(chan string)
	waiting := func(n int) func() bool {
		return func() bool {
			s.mu.Lock()
			defer s.mu.Unlock()
			have := 0
			for _, q := range s.queue {
				have += len(q)
			}
			return have == n
		}
	}
	for i, host := range []string{"a", "a", "a", "a", "b", "c", "b"} {
		go func() {
			if s.take(context.Background(), host) == nil {
				order <- host
			}
		}()
		eventually(t, "it waits", waiting(i+1))
	}
	gone, cancel := context.WithCancel(t.Context())
	left := make(chan error)
	go func() { left <- s.take(gone, "d") }()
	eventually(t, "it waits", waiting(8))
	cancel()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	var got []string
	for range 7 {
		s.give()
		got = append(got, <-order)
	}
	if want := []string{"a", "b", "c", "a", "b", "a", "a"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	s.give()
	if s.free != 1 || len(s.ring) != 0 || len(s.queue) != 0 {
		t.Errorf("left over: %+v", s)
	}
}

// TestRoom: memory is bounded, and a message that is larger than all of it passes
// alone.
func TestRoom(t *testing.T) {
	r := newRoom(100)
	if ok, _ := r.try(60); !ok {
		t.Fatal("there is room")
	}
	ok, freed := r.try(60)
	if ok {
		t.Fatal("there is no room")
	}
	if ok, _ := r.try(40); !ok {
		t.Error("there is room for less")
	}
	r.give(60)
	<-freed
	if ok, _ := r.try(1000); ok {
		t.Error("40 are used")
	}
	r.give(40)
	if ok, _ := r.try(1000); !ok {
		t.Error("it is alone")
	}
}
