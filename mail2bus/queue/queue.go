// Package queue lies between a reader that has its own pace and a pump: one item waits,
// and what the pump refused comes again, before newer ones and in order.
//
// Not here: where items come from, and what storing one means to its source.
package queue

import (
	"cmp"
	"context"
	"slices"
	"sync"
)

// A Queue hands out what is put into it. Put is for one goroutine, Next for one; the
// done functions may be called from any.
type Queue[T any] struct {
	come   chan numbered[T]
	kick   chan struct{} // something was refused
	put    int64         // of the reader alone: items, ever
	stored func(T)

	mu    sync.Mutex
	again []numbered[T] // refused, in order
	out   int           // handed out, and not done
}

type numbered[T any] struct {
	n    int64 // in the order in which they were put
	item T
}

// New makes a queue. stored is called for each item that is durable, in order; it may be
// nil.
func New[T any](stored func(T)) *Queue[T] {
	return &Queue[T]{come: make(chan numbered[T]), kick: make(chan struct{}, 1), stored: stored}
}

// Put waits until Next has taken the item, or ctx ends.
func (q *Queue[T]) Put(ctx context.Context, item T) error {
	q.put++
	select {
	case q.come <- numbered[T]{q.put, item}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Next waits for an item. Its done is called once: nil if it is durable, or with why it
// must come again.
func (q *Queue[T]) Next(ctx context.Context) (item T, done func(error), err error) {
	it, err := q.next(ctx)
	if err != nil {
		return item, nil, err
	}
	return it.item, func(err error) { q.done(it, err) }, nil
}

func (q *Queue[T]) next(ctx context.Context) (numbered[T], error) {
	for {
		if it, ok := q.refused(); ok {
			return it, nil
		}
		select {
		case <-q.kick:
		case it := <-q.come:
			q.mu.Lock()
			q.out++
			q.mu.Unlock()
			return it, nil
		case <-ctx.Done():
			return numbered[T]{}, ctx.Err()
		}
	}
}

// refused is the first of the items that must come again.
func (q *Queue[T]) refused() (it numbered[T], ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.again) == 0 {
		return it, false
	}
	it = q.again[0]
	q.again = q.again[1:]
	q.out++
	return it, true
}

func (q *Queue[T]) done(it numbered[T], err error) {
	if err == nil {
		if q.stored != nil {
			q.stored(it.item)
		}
		q.mu.Lock()
		defer q.mu.Unlock()
		q.out--
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.out--
	// One that Next hands out while those behind it are refused is refused last.
	at, _ := slices.BinarySearchFunc(q.again, it.n, func(other numbered[T], n int64) int { return cmp.Compare(other.n, n) })
	q.again = slices.Insert(q.again, at, it)
	select {
	case q.kick <- struct{}{}:
	default:
	}
}

// Refused says that Next has an item that came before.
func (q *Queue[T]) Refused() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.again) > 0
}

// Idle says that all that was handed out is durable.
func (q *Queue[T]) Idle() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.out == 0 && len(q.again) == 0
}
