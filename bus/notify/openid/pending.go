package openid

import (
	"container/list"
	"crypto/subtle"
	"slices"
	"sync"
	"time"
)

const (
	// pendingFor is how long somebody has to sign in at the provider.
	pendingFor = 10 * time.Minute
	// mostPending bounds those who are on their way, and mostOfPeer those of one peer. The
	// oldest go: who begins in a flood of others has as long as the flood needs to begin
	// that many, and one peer costs nobody else anything.
	mostPending = 10_000
	mostOfPeer  = 20
)

// A begin is somebody on their way.
type begin struct {
	state, browser, peer string
	nonce, verifier      string
	until                time.Time
}

// pending are those who are on their way. It is empty again after a restart: who was on
// their way begins once more.
type pending struct {
	mu     sync.Mutex
	all    map[string]*list.Element // by state
	order  list.List                // the oldest first
	ofPeer map[string][]*list.Element
}

func (p *pending) put(b *begin, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.all == nil {
		p.all, p.ofPeer = map[string]*list.Element{}, map[string][]*list.Element{}
	}
	for e := p.order.Front(); e != nil && (p.order.Len() >= mostPending || e.Value.(*begin).until.Before(now)); e = p.order.Front() {
		p.remove(e)
	}
	if of := p.ofPeer[b.peer]; len(of) >= mostOfPeer {
		p.remove(of[0])
	}
	e := p.order.PushBack(b)
	p.all[b.state] = e
	p.ofPeer[b.peer] = append(p.ofPeer[b.peer], e)
}

// take gives who has a state, once. In another browser it is nobody's, and stays for the
// right one.
func (p *pending) take(state, browser string, now time.Time) (*begin, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.all[state]
	if e == nil {
		return nil, false
	}
	b := e.Value.(*begin)
	if browser == "" || subtle.ConstantTimeCompare([]byte(b.browser), []byte(browser)) != 1 {
		return nil, false
	}
	p.remove(e)
	return b, !b.until.Before(now)
}

func (p *pending) remove(e *list.Element) {
	b := p.order.Remove(e).(*begin)
	delete(p.all, b.state)
	of := p.ofPeer[b.peer]
	if of = slices.DeleteFunc(of, func(one *list.Element) bool { return one == e }); len(of) == 0 {
		delete(p.ofPeer, b.peer)
	} else {
		p.ofPeer[b.peer] = of
	}
}
