package guard

import (
	"net"
	"time"

	"github.com/go-zeromq/zmq4"
)

// Nobody shall keep others out by coming first. When a limit is reached, who is
// of no use goes: first whoever holds most, and of these who never finished the
// handshake, then who never subscribed, and then, where the comer's address has
// fewer places, who came last.

// idle is how long a peer may do nothing before it can be put out for another:
// honest ones need a few round trips.
const idle = 500 * time.Millisecond

// stuck is how long a peer may take nothing while the memory of all is used up.
const stuck = time.Second

// A handshake is a connection that is no peer yet. Guarded by peers.mu.
type handshake struct {
	conn  net.Conn
	host  string
	since time.Time
}

// hostOf is the address without its port.
func hostOf(conn net.Conn) string {
	host, _, err := net.SplitHostPort(conn.RemoteAddr().String())
	if err != nil {
		return conn.RemoteAddr().String()
	}
	return host
}

// enter takes a place for a connection that has come, if need be that of
// another; nil means that there is none for it.
func (p *peers) enter(conn net.Conn) *handshake {
	h := &handshake{conn: conn, host: hostOf(conn), since: time.Now()}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.slots >= p.o.MaxPeers && !p.displace(h.host) {
		return nil
	}
	p.slots++
	p.shaking[h] = struct{}{}
	return h
}

// leave gives the place of a handshake back.
func (p *peers) leave(h *handshake) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, in := p.shaking[h]; in {
		delete(p.shaking, h)
		p.slots--
	}
}

// makeRoom ends a connection so that the process can open another; false means
// that all are of use.
func (p *peers) makeRoom() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.displace("")
}

// A place is one that may be given to another.
type place struct {
	class int // 0: in the handshake; 1: without a subscription; 2: of use
	host  string
	since time.Time
	shake *handshake
	conn  *Conn
}

// displace ends one connection in favour of a comer from host.
func (p *peers) displace(host string) bool {
	places, held := p.places()
	now := time.Now()
	var worst *place
	for i := range places {
		x := &places[i]
		switch {
		case x.class < 2 && now.Sub(x.since) < idle && held[x.host] <= held[host]+1:
			continue // it may yet be of use
		case x.class == 2 && held[x.host] <= held[host]+1:
			continue // no more than its share
		case worst == nil || x.worse(worst, held):
			worst = x
		}
	}
	if worst == nil {
		return false
	}
	why := faultf("displaced", "it held a place without use, or %s held %d, and another came", worst.host, held[worst.host])
	p.slots--
	if worst.conn != nil {
		worst.conn.displaced = true
		go worst.conn.shut(why)
		return true
	}
	delete(p.shaking, worst.shake)
	p.stats.Rejects["displaced"]++
	worst.shake.conn.Close() // its handshake ends by itself
	return true
}

// worse: those of no use go before others; then those whose address holds most;
// then, of no use, the oldest, and of use, the newest.
func (x *place) worse(y *place, held map[string]int) bool {
	useless, other := x.class < 2, y.class < 2
	switch {
	case useless != other:
		return useless
	case held[x.host] != held[y.host]:
		return held[x.host] > held[y.host]
	case x.class != y.class:
		return x.class < y.class
	case useless:
		return x.since.Before(y.since)
	}
	return x.since.After(y.since)
}

// places lists all, and how many each address holds.
func (p *peers) places() ([]place, map[string]int) {
	held := map[string]int{}
	list := make([]place, 0, p.slots)
	for h := range p.shaking {
		held[h.host]++
		list = append(list, place{0, h.host, h.since, h, nil})
	}
	for c := range p.conns {
		if c.displaced {
			continue
		}
		held[c.host]++
		class := 2
		if p.o.Type == zmq4.Pub && len(c.topics) == 0 {
			class = 1
		}
		list = append(list, place{class, c.host, c.since, nil, c})
	}
	return list, held
}

// reserve takes n bytes of the common room for q. When it is used up, a peer
// that holds less than its share still finds room, and whoever took nothing for
// a while and holds most is cut off.
func (p *peers) reserve(q *queue, n int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if q.held == 0 {
		q.moved = time.Now()
	}
	if p.stats.Queued+int64(n) > int64(p.o.TotalBytes) {
		p.relieve(q)
		if q.held+n > p.o.TotalBytes/p.o.MaxPeers {
			return false
		}
	}
	q.held += n
	p.stats.Queued += int64(n)
	return true
}

// relieve ends the connection that holds most of those that took nothing for a
// while. Its memory is free a moment later.
func (p *peers) relieve(wanting *queue) {
	now := time.Now()
	var worst *Conn
	for c := range p.conns {
		if c.queue != wanting && !c.displaced && c.queue.held > wanting.held && now.Sub(c.queue.moved) >= stuck &&
			(worst == nil || c.queue.held > worst.queue.held) {
			worst = c
		}
	}
	if worst != nil {
		worst.displaced = true
		p.slots--
		go worst.shut(faultf("displaced", "it took nothing for a while, and all %d bytes for waiting messages are used", p.o.TotalBytes))
	}
}

// behind is the most that waits for one peer, of those that take what comes:
// whose queue moved within still.
func (p *peers) behind(still time.Duration, coming int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	now, most := time.Now(), 0
	for c := range p.conns {
		if now.Sub(c.queue.moved) < still {
			most = max(most, c.queue.held+coming)
		}
	}
	return most
}

// missed counts a message for which a peer had no room, and says so now and
// then.
func (p *peers) missed(q *queue) {
	p.mu.Lock()
	p.stats.Dropped++
	skipped, speak := p.allow("missed")
	p.mu.Unlock()
	if speak {
		p.o.Log.Warn("a subscriber is too slow and misses messages", "peer", q.remote, "waiting_bytes", q.bytes, "alike_not_logged", skipped)
	}
}
