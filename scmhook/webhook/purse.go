package webhook

import (
	"errors"
	"io"
	"net/netip"
	"sync"
	"time"
)

var errFull = errors.New("the bodies that are being read fill the memory set aside for them")

// A till is the memory for bodies. Anybody may send a body, and only all of it
// shows whether its signature is right; so where memory runs out, the peer that
// holds most of it loses the body that it has been sending for longest.
type till struct {
	mu    sync.Mutex
	free  int64
	purse map[*purse]bool
}

// A purse reads one body and pays for each byte from what is free.
type purse struct {
	r     io.Reader
	till  *till
	from  *guest
	began time.Time

	paid       int64 // the till's lock guards these
	done, gone bool
}

func (t *till) open(r io.Reader, from *guest) *purse {
	p := &purse{r: r, till: t, from: from, began: time.Now()}
	t.mu.Lock()
	t.purse[p] = true
	t.mu.Unlock()
	return p
}

func (p *purse) Read(b []byte) (int, error) {
	n, err := p.r.Read(b)
	out, ok := p.till.pay(p, int64(n))
	for _, g := range out {
		if g.Conn != nil {
			_ = g.Conn.Close() // its own request sees it
		}
	}
	if !ok {
		return 0, errFull
	}
	return n, err
}

// pay takes n bytes for p, and says who is put out for it.
func (t *till) pay(p *purse, n int64) (out []*guest, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if p.gone {
		return nil, false
	}
	t.free, p.paid = t.free-n, p.paid+n
	for t.free < 0 {
		victim := t.heaviest()
		if victim == nil {
			return out, false
		}
		t.free, victim.paid, victim.gone = t.free+victim.paid, 0, true
		if victim == p {
			return out, false
		}
		out = append(out, victim.from)
	}
	return out, true
}

// heaviest is the oldest body of the peer that holds most.
func (t *till) heaviest() (out *purse) {
	holds := map[netip.Prefix]int64{}
	for p := range t.purse {
		if !p.done && !p.gone {
			holds[p.from.peer] += p.paid
		}
	}
	for p := range t.purse {
		if p.done || p.gone || p.paid == 0 {
			continue
		}
		if out == nil || holds[p.from.peer] > holds[out.from.peer] || holds[p.from.peer] == holds[out.from.peer] && p.began.Before(out.began) {
			out = p
		}
	}
	return out
}

// keep makes a body safe: its sender proved to know a secret.
func (p *purse) keep() bool {
	p.till.mu.Lock()
	defer p.till.mu.Unlock()
	p.done = true
	return !p.gone
}

func (p *purse) release() {
	p.till.mu.Lock()
	defer p.till.mu.Unlock()
	p.till.free += p.paid
	p.paid = 0
	delete(p.till.purse, p)
}
