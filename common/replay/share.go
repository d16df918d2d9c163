package replay

import (
	"context"
	"time"

	"busbar/common/wire/guard"
)

// briefly is how long a peer may do nothing before another takes its place.
const briefly = 500 * time.Millisecond

// enter gives a peer a place: nil if all are taken, and each by one with as good a
// right to it.
func (s *Server) enter(x *guard.Exchange) *peer {
	p := &peer{s: s, x: x, host: x.Host(), in: make(chan [][]byte), since: time.Now()}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.peers) >= s.limits.peers && !s.displace(p.host) {
		s.stats.Refused++
		s.log.Debug("replay refused: all places are taken", "peer", x.Remote())
		return nil
	}
	s.peers[p] = struct{}{}
	return p
}

// displace ends a peer for a comer: first one that asks nothing, then one whose host
// has more places than the comer's would; of these, of the host that has most.
func (s *Server) displace(host string) bool {
	held := map[string]int{}
	for p := range s.peers {
		held[p.host]++
	}
	var worst *peer
	for p := range s.peers {
		useless := !p.busy && time.Since(p.since) >= briefly
		if !useless && held[p.host] <= held[host]+1 {
			continue
		}
		if worst == nil || p.worse(worst, held) {
			worst = p
		}
	}
	if worst == nil {
		return false
	}
	delete(s.peers, worst)
	worst.cut = "displaced"
	worst.x.Close()
	return true
}

func (p *peer) worse(q *peer, held map[string]int) bool {
	switch {
	case p.busy != q.busy:
		return !p.busy
	case held[p.host] != held[q.host]:
		return held[p.host] > held[q.host]
	case p.busy:
		return p.since.After(q.since)
	}
	return p.since.Before(q.since)
}

// leave takes a peer off the books, and counts why it went.
func (s *Server) leave(p *peer, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.peers, p)
	why := p.cut
	if why == "" {
		why = reason(err)
	}
	if why != "" {
		s.stats.Cut[why]++
	}
	s.log.Debug("replay's peer is gone", "peer", p.x.Remote(), "reason", why, "error", err)
}

// reason is why a peer was cut off; empty if it went by itself.
func reason(err error) string {
	switch why := guard.Reason(err); {
	case err == errSlow:
		return "slow"
	case err == errRules:
		return "rules"
	case isTimeout(err) && why == "peer":
		return "idle"
	case why == "peer" || why == "closed":
		return ""
	default:
		return why
	}
}

// work notes that a request is being answered, or no longer is.
func (s *Server) work(p *peer, busy bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p.busy, p.since = busy, time.Now()
}

// A rate is how many requests a host may send at once, as of a time.
type rate struct {
	left float64
	at   time.Time
}

// maxRates is how many hosts are remembered.
const maxRates = 4096

// pace waits until a host may ask again. Nothing is refused for that: who asks waits
// for an answer anyway.
func (s *Server) pace(ctx context.Context, host string) error {
	wait := s.owes(host, time.Now())
	if wait <= 0 {
		return nil
	}
	s.mu.Lock()
	s.stats.Delayed++
	s.mu.Unlock()
	select {
	case <-time.After(wait):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// owes counts a request, and says how long it is too early.
func (s *Server) owes(host string, now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.rates[host]
	if r == nil {
		if len(s.rates) >= maxRates {
			s.forget(now)
		}
		r = &rate{left: s.limits.burst, at: now}
		s.rates[host] = r
	}
	r.left = min(s.limits.burst, r.left+now.Sub(r.at).Seconds()*s.limits.rate) - 1
	r.at = now
	if r.left >= 0 {
		return 0
	}
	return time.Duration(-r.left / s.limits.rate * float64(time.Second))
}

// forget drops the hosts that may send all they ever may, and if there are none, all:
// so many addresses are one host's.
func (s *Server) forget(now time.Time) {
	for host, r := range s.rates {
		if r.left+now.Sub(r.at).Seconds()*s.limits.rate >= s.limits.burst {
			delete(s.rates, host)
		}
	}
	if len(s.rates) >= maxRates {
		clear(s.rates)
	}
}
