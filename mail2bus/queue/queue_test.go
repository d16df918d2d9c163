package queue

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// TestOrder: whatever is refused, and in whatever order refusals come, each item is
// durable once, in order.
func TestOrder(t *testing.T) {
	const items = 500
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var stored []int
	q := New(func(n int) { stored = append(stored, n) })
	go func() {
		for n := range items {
			if q.Put(ctx, n) != nil {
				return
			}
		}
	}()
	rng := rand.New(rand.NewPCG(1, 2))
	refused, newest := 0, -1
	for len(stored) < items {
		// A generation: some are handed out, the first of them are stored, the rest are not.
		var dones []func(error)
		want := len(stored)
		for range 1 + rng.IntN(min(9, items-len(stored))) {
			n, done, err := q.Next(ctx)
			if err != nil || n != want {
				t.Fatalf("item %d came, %v; want %d", n, err, want)
			}
			newest = max(newest, n)
			want++
			dones = append(dones, done)
		}
		keep := rng.IntN(len(dones) + 1)
		for _, done := range dones[:keep] {
			done(nil)
		}
		rest := dones[keep:]
		rng.Shuffle(len(rest), func(i, j int) { rest[i], rest[j] = rest[j], rest[i] })
		for _, done := range rest {
			refused++
			done(errors.New("the disk is full"))
		}
		if all := len(stored) > newest; q.Refused() == all || q.Idle() != all {
			t.Fatalf("of %d items %d were refused; refused %v, idle %v", len(dones), len(rest), q.Refused(), q.Idle())
		}
	}
	if refused == 0 || !slices.IsSorted(stored) {
		t.Errorf("%d were refused; stored: %v", refused, stored)
	}
}

// TestARefusalWakes: a Next that waits for something new takes what is refused meanwhile.
func TestARefusalWakes(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	q := New[string](nil)
	go func() { _ = q.Put(ctx, "a") }()
	_, done, err := q.Next(ctx)
	if err != nil {
		t.Fatal(err)
	}
	go done(errors.New("not now"))
	if again, done, err := q.Next(ctx); err != nil || again != "a" {
		t.Errorf("%q, %v", again, err)
	} else if done(nil); !q.Idle() {
		t.Error("something is in flight")
	}
	ended, end := context.WithCancel(ctx)
	end()
	if _, _, err := q.Next(ended); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := q.Put(ended, "b"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
