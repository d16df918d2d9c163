package hub

import "sync"

// A room is memory that many share.
type room struct {
	total int

	mu   sync.Mutex
	used int
}

// take raises what one holds to n; false where there is no room for that.
func (r *room) take(held *int, n int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.used-*held+n > r.total {
		return false
	}
	r.used += n - *held
	*held = n
	return true
}

func (r *room) give(held *int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.used -= *held
	*held = 0
}
