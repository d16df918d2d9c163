package main

import (
	"io"
	"net"
	"sync"
	"time"
)

// A proxy carries the connections to one place, until it is harmed.
type proxy struct {
	listener net.Listener
	to       string // HOST:PORT

	mu      sync.Mutex
	filter  func(io.Reader) io.Reader // of what comes back from there; nil: none
	conns   map[net.Conn]bool
	refuse  bool
	stalled chan struct{} // closed when it carries again; nil: it does
	delay   time.Duration // before each piece is carried on
}

const dialPatience = 5 * time.Second

func newProxy(to string) (*proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &proxy{listener: l, to: to, conns: map[net.Conn]bool{}}
	go p.accept()
	return p, nil
}

func (p *proxy) address() string { return p.listener.Addr().String() }

// close ends it for good.
func (p *proxy) close() error {
	p.cut()
	p.mend() // who waits goes on, and ends
	return p.listener.Close()
}

// filtered has what comes back from there pass a filter, on new connections.
func (p *proxy) filtered(by func(io.Reader) io.Reader) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.filter = by
}

// cut ends all connections, and takes no new ones.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuse = true
	for c := range p.conns {
		_ = c.Close()
	}
}

// stall carries nothing, and ends no connection: as a dead network does.
func (p *proxy) stall() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stalled == nil {
		p.stalled = make(chan struct{})
	}
}

// slow carries each piece later.
func (p *proxy) slow(delay time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = delay
}

// mend undoes all harm.
func (p *proxy) mend() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuse, p.delay = false, 0
	if p.stalled != nil {
		close(p.stalled)
		p.stalled = nil
	}
}

func (p *proxy) accept() {
	for {
		c, err := p.listener.Accept()
		if err != nil {
			return
		}
		go p.carry(c)
	}
}

// note keeps a connection, to be cut; it is closed if none may be there.
func (p *proxy) note(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refuse {
		_ = c.Close()
		return false
	}
	p.conns[c] = true
	return true
}

func (p *proxy) forget(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, c)
	_ = c.Close()
}

func (p *proxy) carry(from net.Conn) {
	defer p.forget(from)
	if !p.note(from) {
		return
	}
	p.wait()
	to, err := net.DialTimeout("tcp", p.to, dialPatience)
	if err != nil {
		return
	}
	defer p.forget(to)
	if !p.note(to) {
		return
	}
	var both sync.WaitGroup
	both.Go(func() { p.copy(to, from) })
	p.mu.Lock()
	filter := p.filter
	p.mu.Unlock()
	back := io.Reader(to)
	if filter != nil {
		back = filter(to)
	}
	both.Go(func() { p.copy(from, back) })
	both.Wait()
}

// wait waits while the proxy is stalled, and for its delay.
func (p *proxy) wait() {
	p.mu.Lock()
	stalled, delay := p.stalled, p.delay
	p.mu.Unlock()
	if stalled != nil {
		<-stalled
	}
	time.Sleep(delay)
}

// copy carries one direction until either end is closed, and then closes the other.
func (p *proxy) copy(to net.Conn, from io.Reader) {
	defer to.Close()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		p.wait()
		if n > 0 {
			if _, err := to.Write(buffer[:n]); err != nil {
				break
			}
		}
		if err != nil {
			break
		}
	}
	if c, ok := from.(io.Closer); ok {
		_ = c.Close()
	}
}
