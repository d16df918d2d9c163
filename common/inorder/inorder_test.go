package inorder

import (
	"errors"
	"runtime"
	"sync/atomic"
	"testing"
)

type one struct{ n, twice int }

// TestOrder: all is handed on, in order, after its work, whichever ends first.
func TestOrder(t *testing.T) {
	const count = 5000
	next := 0
	l := New(1<<20, func(v *one) {
		if v.n%100 == 7 {
			for range 1000 {
				runtime.Gosched()
			}
		}
		v.twice = 2 * v.n
	}, func(v *one) error {
		if v.n != next || v.twice != 2*v.n {
			t.Errorf("%+v came, want number %d", v, next)
		}
		next++
		return nil
	})
	for n := range count {
		if err := l.Put(&one{n: n}, 100); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil || next != count {
		t.Errorf("%d came, want %d: %v", next, count, err)
	}
}

// TestFails: after an error nothing is handed on, and who puts learns of it.
func TestFails(t *testing.T) {
	broken, after := errors.New("broken"), 0
	l := New(1000, func(*one) {}, func(v *one) error {
		if v.n == 10 {
			return broken
		}
		if v.n > 10 {
			after++
		}
		return nil
	})
	var err error
	for n := 0; err == nil; n++ {
		err = l.Put(&one{n: n}, 100)
	}
	if end := l.Close(); !errors.Is(err, broken) || !errors.Is(end, broken) || after > 0 {
		t.Errorf("Put says %v, Close %v, and %d came after it", err, end, after)
	}
}

// TestBudget: no more is under way than may be; what is larger passes alone.
func TestBudget(t *testing.T) {
	var held, most atomic.Int64
	l := New(1000, func(*one) {}, func(v *one) error { held.Add(-int64(v.n)); return nil })
	for i := range 300 {
		size := []int{10, 400, 3000}[i%3]
		if err := l.Put(&one{n: size}, size); err != nil {
			t.Fatal(err)
		}
		if now := held.Add(int64(size)); now > most.Load() {
			most.Store(now)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	// What was just handed on is still counted here, for a moment.
	if most.Load() > 3000+1000 {
		t.Errorf("%d were under way", most.Load())
	}
}
