package hub

import (
	"context"
	"errors"
	"time"

	"busbar/bus/web"
	"busbar/common/wire/guard"
)

// A sender is one who is connected to the relay.
type sender struct {
	r    *relay
	x    *guard.Exchange
	host string
	room *room
	held int

	// Guarded by relay.mu.
	last      time.Time // when it spoke
	displaced bool
}

// enter gives a place to who comes: nil if all are taken, and no address has more of
// them than the comer's would. Else the one of it goes that was quiet for longest; a
// PUB of ZeroMQ comes again by itself.
func (r *relay) enter(x *guard.Exchange) *sender {
	p := &sender{r: r, x: x, host: web.PeerName(x.Host()), last: time.Now()}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.peers) >= r.places && !r.displace(p.host) {
		r.counts.cut["places"]++
		return nil
	}
	r.peers[p] = struct{}{}
	if r.large[p.host] == nil {
		r.large[p.host] = &room{total: relayLarge}
	}
	p.room = r.large[p.host]
	return p
}

func (r *relay) displace(host string) bool {
	held := map[string]int{}
	for p := range r.peers {
		held[p.host]++
	}
	var worst *sender
	for p := range r.peers {
		if held[p.host] > held[host]+1 && (worst == nil || held[p.host] > held[worst.host] || held[p.host] == held[worst.host] && p.last.Before(worst.last)) {
			worst = p
		}
	}
	if worst == nil {
		return false
	}
	delete(r.peers, worst)
	worst.displaced = true
	worst.x.Close() // its reading ends, and it leaves
	return true
}

func (p *sender) speaks() {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	p.last = time.Now()
}

// leave gives the place back, and counts why the peer was cut, if it was.
func (r *relay) leave(p *sender, err error) {
	why := guard.Reason(err)
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.peers, p)
	of := 0
	for other := range r.peers {
		if other.host == p.host {
			of++
		}
	}
	if of == 0 {
		delete(r.large, p.host)
	}
	switch {
	case p.displaced:
		r.counts.cut["displaced"]++
	case errors.Is(err, errNoRoom):
		r.counts.cut["memory"]++
	case isTimeout(err):
		r.counts.cut["slow"]++
	case why != "peer" && why != "closed":
		r.counts.cut[why]++
	}
	r.log.Debug("a peer of the relay is gone", "peer", p.x.Remote(), "reason", why, "error", err)
}

var errNoRoom = errors.New("there is no memory for so large a message")

// grow waits for the memory of a message that is large.
func (p *sender) grow(ctx context.Context, n int) error {
	if n <= relaySmall {
		return nil
	}
	for end := time.Now().Add(relayWhole); !p.room.take(&p.held, n); {
		if time.Now().After(end) {
			return errNoRoom
		}
		if !sleep(ctx, 50*time.Millisecond) {
			return ctx.Err()
		}
	}
	return nil
}
