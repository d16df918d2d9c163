// Package inorder does work on all processors and hands on what comes of it in the
// order in which the work came: for messages that are verified, each alone, and must be
// taken one behind the other.
//
// Not here: what the work is.
package inorder

import (
	"runtime"
	"sync"
)

// A Line takes work, does it, and hands it on in order. Put and Close are for one
// goroutine.
type Line[T any] struct {
	work   func(T)
	hand   func(T) error
	budget int

	todo, order chan *job[T]
	wg          sync.WaitGroup

	mu    sync.Mutex
	freed sync.Cond
	held  int   // bytes under way
	err   error // of hand; nothing is handed on after it
}

type job[T any] struct {
	value T
	size  int
	done  chan struct{}
}

// ahead is how many may be under way, whatever their size.
const ahead = 512

// New begins a line. work may run for several values at once; hand is called for one
// at a time, in order, until it fails. budget bounds the sizes of what is under way; one
// that is larger passes alone.
func New[T any](budget int, work func(T), hand func(T) error) *Line[T] {
	l := &Line[T]{work: work, hand: hand, budget: budget, todo: make(chan *job[T], ahead), order: make(chan *job[T], ahead)}
	l.freed.L = &l.mu
	for range runtime.GOMAXPROCS(0) {
		l.wg.Go(func() {
			for j := range l.todo {
				l.work(j.value)
				close(j.done)
			}
		})
	}
	l.wg.Go(l.deliver)
	return l
}

// Put adds a value of some size, and waits while too much is under way. Its error is
// that of hand for an earlier value; then this one and all later ones are left out.
func (l *Line[T]) Put(value T, size int) error {
	l.mu.Lock()
	for l.err == nil && l.held > 0 && l.held+size > l.budget {
		l.freed.Wait()
	}
	err := l.err
	if err == nil {
		l.held += size
	}
	l.mu.Unlock()
	if err != nil {
		return err
	}
	j := &job[T]{value: value, size: size, done: make(chan struct{})}
	l.order <- j
	l.todo <- j
	return nil
}

// Close waits until all that was put is handed on, or hand has failed, and gives its
// error.
func (l *Line[T]) Close() error {
	close(l.order)
	close(l.todo)
	l.wg.Wait()
	return l.err
}

func (l *Line[T]) deliver() {
	var failed error
	for j := range l.order {
		<-j.done
		if failed == nil {
			failed = l.hand(j.value)
		}
		l.mu.Lock()
		l.held -= j.size
		l.err = failed
		l.mu.Unlock()
		l.freed.Signal()
	}
}
