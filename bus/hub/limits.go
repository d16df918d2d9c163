package hub

import (
	"net"
	"net/http"
	"sync"

	"busbar/bus/web"
)

// A limit bounds how many of something run at once: in all, and for each peer.
type limit struct {
	all, each int

	mu    sync.Mutex
	now   int
	peers map[string]int
}

func newLimit(all, each int) *limit { return &limit{all: all, each: each, peers: map[string]int{}} }

// acquire takes a place, which release gives back; ok is false where none is free.
func (l *limit) acquire(peer string) (release func(), ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.now >= l.all || l.peers[peer] >= l.each {
		return nil, false
	}
	l.now++
	l.peers[peer]++
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.now--
		if l.peers[peer]--; l.peers[peer] == 0 {
			delete(l.peers, peer)
		}
	}, true
}

func (l *limit) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.now
}

// peerOf names who asks: an address, of IPv6 its network of 64 bits.
func peerOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return web.PeerName(host)
}
