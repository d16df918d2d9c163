package guard

import (
	"context"
	"errors"
	"maps"
	"strings"
	"sync"
	"time"
)

// Stats counts what a socket's connections went through since its start.
type Stats struct {
	Peers       int              // connected now, handshake done
	Handshakes  int              // under way now
	Connects    int64            // handshakes that succeeded
	Rejects     map[string]int64 // connections refused before they reached zmq4, by reason
	Disconnects map[string]int64 // connections ended after that, by reason
	Sent        int64            // messages handed to the system, once for each peer
	Dropped     int64            // messages a peer did not get: its queue was full, or it went away
	Queued      int64            // bytes that wait now, all peers together
	Pings       int64            // answered
	Ignored     int64            // commands and messages that mean nothing here
}

// peers is what the connections of one socket share.
type peers struct {
	o    Options
	pool sync.Pool // of chunks

	mu      sync.Mutex
	conns   map[*Conn]struct{}
	slots   int // connections and handshakes
	stats   Stats
	changed chan struct{} // closed and replaced when a subscription comes into force
	quiet   map[string]*quiet
	shaking map[*handshake]struct{}
}

func newPeers(o Options) (*peers, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	return &peers{
		o:       o,
		pool:    sync.Pool{New: func() any { return &chunk{buf: make([]byte, 0, chunkSize)} }},
		conns:   map[*Conn]struct{}{},
		stats:   Stats{Rejects: map[string]int64{}, Disconnects: map[string]int64{}},
		changed: make(chan struct{}),
		quiet:   map[string]*quiet{},
		shaking: map[*handshake]struct{}{},
	}, nil
}

func (p *peers) snapshot() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.stats
	s.Rejects, s.Disconnects = maps.Clone(s.Rejects), maps.Clone(s.Disconnects)
	s.Peers, s.Handshakes = len(p.conns), len(p.shaking)
	return s
}

func (p *peers) all() []*Conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	conns := make([]*Conn, 0, len(p.conns))
	for c := range p.conns {
		conns = append(conns, c)
	}
	return conns
}

// connected makes a peer of a handshake; false means that its place was given
// away meanwhile.
func (p *peers) connected(h *handshake, c *Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, in := p.shaking[h]; !in {
		return false
	}
	delete(p.shaking, h)
	p.conns[c] = struct{}{}
	p.stats.Connects++
	return true
}

// rejected counts a connection that zmq4 never saw.
func (p *peers) rejected(remote string, err error) {
	reason := reasonOf(err)
	p.mu.Lock()
	p.stats.Rejects[reason]++
	skipped, speak := p.allow("reject " + reason)
	p.mu.Unlock()
	if speak {
		p.o.Log.Warn("peer refused", "peer", remote, "reason", reason, "error", err, "alike_not_logged", skipped)
	}
}

// gone takes an ended connection off the books.
func (p *peers) gone(c *Conn, err error, left, dropped int) {
	reason := reasonOf(err)
	p.mu.Lock()
	delete(p.conns, c)
	if !c.displaced {
		p.slots--
	}
	p.stats.Disconnects[reason]++
	p.stats.Dropped += int64(left)
	skipped, speak := p.allow("disconnect " + reason)
	p.mu.Unlock()
	switch {
	case reason == "peer" || reason == "closed":
		p.o.Log.Debug("peer disconnected", "peer", c.remote, "reason", reason, "dropped", dropped)
	case speak:
		p.o.Log.Warn("peer cut off", "peer", c.remote, "reason", reason, "error", err, "dropped", dropped, "alike_not_logged", skipped)
	}
}

func (p *peers) count(n *int64, by int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	*n += by
}

// waitSubscriber returns once some peer's subscription matches topic and
// zmq4 knows of it.
func (p *peers) waitSubscriber(ctx context.Context, topic string) error {
	for {
		p.mu.Lock()
		changed, found := p.changed, p.subscribed(topic)
		p.mu.Unlock()
		if found {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (p *peers) subscribed(topic string) bool {
	for c := range p.conns {
		for prefix := range c.topics {
			if strings.HasPrefix(topic, prefix) {
				return true
			}
		}
	}
	return false
}

// quiet keeps a flood of one kind down to a line every ten seconds.
type quiet struct {
	until   time.Time
	skipped int
}

func (p *peers) allow(what string) (skipped int, speak bool) {
	q := p.quiet[what]
	if q == nil {
		q = &quiet{}
		p.quiet[what] = q
	}
	now := time.Now()
	if now.Before(q.until) {
		q.skipped++
		return 0, false
	}
	skipped = q.skipped
	q.skipped, q.until = 0, now.Add(10*time.Second)
	return skipped, true
}

func reasonOf(err error) string {
	var f *fault
	if errors.As(err, &f) {
		return f.reason
	}
	return "peer"
}
