package webhook

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// maxGuests bounds the connections that are open at a time.
const maxGuests = 512

// Listen lets a bounded number of connections in through l. Where all places are
// taken, who holds most of them loses one: one that never spoke, else one that
// waits between two requests, else the one that has been speaking for longest
// without proving anything. So whoever comes finds a place.
//
// All senders behind one proxy are one peer here: what each does with its
// connection counts alone.
func Listen(l net.Listener) net.Listener {
	return &door{Listener: l, most: maxGuests, inside: map[*guest]bool{}}
}

type door struct {
	net.Listener
	most int

	mu     sync.Mutex
	inside map[*guest]bool
}

// What a guest has done, in the order in which they are put out.
const (
	silent int32 = iota // nothing yet
	idle                // a request, and is silent since
	speaking
	proved // it knows a secret, or is being answered
)

// A guest is one connection.
type guest struct {
	net.Conn
	door *door // nil: it came by another way
	peer netip.Prefix
	did  atomic.Int32
	// since is when it began to do so, in nanoseconds of Unix.
	since atomic.Int64
}

func newGuest(c net.Conn, d *door) *guest {
	g := &guest{Conn: c, door: d, peer: peer(c.RemoteAddr())}
	g.does(silent)
	return g
}

// peer is whose address it is; of IPv6 a whole network, as one host has one.
func peer(a net.Addr) netip.Prefix {
	t, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.Prefix{}
	}
	ip := t.AddrPort().Addr().Unmap()
	bits := 32
	if ip.Is6() {
		bits = 64
	}
	p, err := ip.WithZone("").Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}

func (g *guest) does(what int32) {
	g.did.Store(what)
	g.since.Store(time.Now().UnixNano())
}

// Close ends the connection and frees its place.
func (g *guest) Close() error {
	if g.door != nil {
		g.door.mu.Lock()
		delete(g.door.inside, g)
		g.door.mu.Unlock()
	}
	return g.Conn.Close()
}

// Accept waits for the next guest, and makes room for it.
func (d *door) Accept() (net.Conn, error) {
	for {
		c, err := d.Listener.Accept()
		if err != nil {
			return nil, err
		}
		g := newGuest(c, d)
		out, ok := d.enter(g)
		if out != nil {
			_ = out.Conn.Close() // its own server sees it
		}
		if ok {
			return g, nil
		}
		_ = c.Close() // all others are being answered
	}
}

func (d *door) enter(g *guest) (out *guest, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.inside) >= d.most {
		if out = d.least(); out == nil {
			return nil, false
		}
		delete(d.inside, out)
	}
	d.inside[g] = true
	return out, true
}

// least is who is put out next. The caller holds the lock.
func (d *door) least() *guest {
	holds := map[netip.Prefix]int{}
	for g := range d.inside {
		holds[g.peer]++
	}
	var out *guest
	for g := range d.inside {
		if g.did.Load() != proved && (out == nil || before(g, out, holds)) {
			out = g
		}
	}
	return out
}

func before(a, b *guest, holds map[netip.Prefix]int) bool {
	if x, y := holds[a.peer], holds[b.peer]; x != y {
		return x > y
	}
	if x, y := a.did.Load(), b.did.Load(); x != y {
		return x < y
	}
	return a.since.Load() < b.since.Load()
}

type guestKey struct{}

// admit lets requests know their guest.
func admit(ctx context.Context, c net.Conn) context.Context {
	g, ok := c.(*guest)
	if !ok {
		g = newGuest(c, nil)
	}
	return context.WithValue(ctx, guestKey{}, g)
}

// follow keeps what a connection does.
func follow(c net.Conn, state http.ConnState) {
	g, ok := c.(*guest)
	if !ok {
		return
	}
	switch state {
	case http.StateActive:
		g.does(speaking)
	case http.StateIdle:
		g.does(idle)
	}
}

// guestOf is who sends a request.
func guestOf(r *http.Request) *guest {
	if g, ok := r.Context().Value(guestKey{}).(*guest); ok {
		return g
	}
	return &guest{}
}
