package replay

import (
	"context"
	"slices"
	"sync"
)

// Turns let a few read at once, and share them fairly between hosts: whoever waits
// gets a turn after at most one of each other host, however much that asks.
type turns struct {
	mu    sync.Mutex
	free  int
	ring  []string // hosts that wait, next first
	queue map[string][]chan struct{}
}

func newTurns(n int) *turns { return &turns{free: n, queue: map[string][]chan struct{}{}} }

// take waits for a turn, which give ends.
func (t *turns) take(ctx context.Context, host string) error {
	t.mu.Lock()
	if t.free > 0 {
		t.free--
		t.mu.Unlock()
		return nil
	}
	mine := make(chan struct{})
	if len(t.queue[host]) == 0 {
		t.ring = append(t.ring, host)
	}
	t.queue[host] = append(t.queue[host], mine)
	t.mu.Unlock()
	select {
	case <-mine:
		return nil
	case <-ctx.Done():
	}
	if t.leave(host, mine) {
		return ctx.Err()
	}
	t.give() // it came at the same moment
	return ctx.Err()
}

// leave takes one who waits out of the queue; false if the turn has come.
func (t *turns) leave(host string, mine chan struct{}) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	i := slices.Index(t.queue[host], mine)
	if i < 0 {
		return false
	}
	if t.queue[host] = slices.Delete(t.queue[host], i, i+1); len(t.queue[host]) == 0 {
		delete(t.queue, host)
		t.ring = slices.DeleteFunc(t.ring, func(h string) bool { return h == host })
	}
	return true
}

// give passes a turn on to the next host.
func (t *turns) give() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.ring) == 0 {
		t.free++
		return
	}
	host := t.ring[0]
	t.ring = t.ring[1:]
	waiting := t.queue[host]
	if len(waiting) > 1 {
		t.queue[host] = waiting[1:]
		t.ring = append(t.ring, host)
	} else {
		delete(t.queue, host)
	}
	close(waiting[0])
}

// A room is memory for what is too large for a peer's own share.
type room struct {
	mu    sync.Mutex
	total int
	used  int
	freed chan struct{} // closed and replaced when some is given back
}

func newRoom(total int) *room { return &room{total: total, freed: make(chan struct{})} }

// try takes n bytes if they are there. One that is larger than all still passes
// alone.
func (r *room) try(n int) (ok bool, freed <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.used > 0 && r.used+n > r.total {
		return false, r.freed
	}
	r.used += n
	return true, nil
}

func (r *room) give(n int) {
	if n == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.used -= n
	close(r.freed)
	r.freed = make(chan struct{})
}
