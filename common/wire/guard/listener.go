package guard

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/go-zeromq/zmq4"

	"busbar/common/backoff"
)

// retries are the pauses between tries to accept.
var retries = backoff.Times{First: 5 * time.Millisecond, Most: time.Second}

var errClosed = &fault{reason: "closed", err: net.ErrClosed}

// keepAlive finds a peer that vanished without a word within a minute.
func keepAlive() net.KeepAliveConfig {
	return net.KeepAliveConfig{Enable: true, Idle: 30 * time.Second, Interval: 10 * time.Second, Count: 3}
}

// A Listener accepts for one zmq4 socket, on any number of addresses. It
// shakes hands with each peer in a goroutine of its own, so its Accept only
// ever yields connections that finished.
type Listener struct {
	peers     *peers
	tcp       []net.Listener
	endpoints []Endpoint
	ready     chan net.Conn
	failed    chan error
	done      chan struct{}   // closed by quit
	closed    chan struct{}   // closed by Close
	ctx       context.Context // ends with done: it stops handshakes
	stop      context.CancelFunc
	quitting  sync.Once
	closing   sync.Once
	wg        sync.WaitGroup
}

// Listen binds every endpoint, or none. Without endpoints the listener only
// hands over what its Dial connected. The context bounds this call alone.
func Listen(ctx context.Context, endpoints []string, o Options) (*Listener, error) {
	p, err := newPeers(o)
	if err != nil {
		return nil, err
	}
	l := &Listener{
		peers:  p,
		ready:  make(chan net.Conn),
		failed: make(chan error, 1),
		done:   make(chan struct{}),
		closed: make(chan struct{}),
	}
	l.ctx, l.stop = context.WithCancel(context.Background())
	for _, text := range endpoints {
		if err := l.bind(ctx, text); err != nil {
			l.Close()
			return nil, err
		}
	}
	for i, tcp := range l.tcp {
		l.wg.Go(func() { l.serve(l.endpoints[i], tcp) })
	}
	return l, nil
}

func (l *Listener) bind(ctx context.Context, text string) error {
	e, err := ParseEndpoint(text)
	if err != nil {
		return err
	}
	lc := net.ListenConfig{KeepAliveConfig: keepAlive()}
	tcp, err := lc.Listen(ctx, "tcp", e.address())
	if err != nil {
		return fmt.Errorf("listening on %s: %w%s", e, err, bindHint(e, err))
	}
	e.Port = uint16(tcp.Addr().(*net.TCPAddr).Port)
	l.tcp, l.endpoints = append(l.tcp, tcp), append(l.endpoints, e)
	return nil
}

func bindHint(e Endpoint, err error) string {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Sprintf(" (another process, perhaps a second copy of this one, holds the port; `ss -ltnp 'sport = :%d'` names it)", e.Port)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Sprintf(" (this machine has no such address; tcp://*:%d listens on all it has)", e.Port)
	case errors.Is(err, syscall.EACCES):
		return " (ports below 1024 are for root, or for a service with CAP_NET_BIND_SERVICE)"
	}
	return ""
}

// serve accepts until the listener is closed or its socket is broken.
func (l *Listener) serve(e Endpoint, tcp net.Listener) {
	failures := 0
	for {
		conn, err := tcp.Accept()
		if err == nil {
			failures = 0
			l.meet(conn)
			continue
		}
		if l.ctx.Err() != nil {
			return
		}
		if !passing(err) {
			l.fail(fmt.Errorf("the listener on %s is dead: %w", e, err))
			return
		}
		l.peers.rejected(e.String(), &fault{reason: "accept", err: err})
		failures++
		if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
			l.peers.makeRoom()
		}
		select {
		case <-time.After(retries.After(failures)):
		case <-l.done:
			return
		}
	}
}

// passing tells errors of accept that time heals from those of a dead socket.
func passing(err error) bool {
	for _, e := range []error{
		syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED, syscall.ECONNRESET,
		syscall.EINTR, syscall.EAGAIN, syscall.EPROTO, syscall.EPERM, syscall.ENETDOWN, syscall.ENETUNREACH,
		syscall.EHOSTDOWN, syscall.EHOSTUNREACH, syscall.ENONET, syscall.ENOPROTOOPT, syscall.EOPNOTSUPP,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

func (l *Listener) fail(err error) {
	l.peers.o.Log.Warn("accepting failed; nobody can connect", "error", err)
	select {
	case l.failed <- err:
	default: // the first error is the one that tells
	}
}

// meet shakes hands with a new peer without making the next one wait.
func (l *Listener) meet(conn net.Conn) {
	h := l.peers.enter(conn)
	if h == nil {
		conn.Close()
		l.peers.rejected(conn.RemoteAddr().String(), faultf("too-many-peers", "all %d places are taken", l.peers.o.MaxPeers))
		return
	}
	l.wg.Go(func() {
		r, kind, err := l.peers.greet(l.ctx, h, l.peers.o.accepted(), time.Now().Add(l.peers.o.Handshake))
		if err == nil && l.peers.o.asks(kind) {
			l.peers.leave(h) // who answers bounds how many ask: they take no subscriber's place
			l.answer(conn, r, kind)
			return
		}
		if err == nil && l.peers.o.sends(kind) {
			l.peers.leave(h)
			l.take(conn, r, kind)
			return
		}
		var c *Conn
		if err == nil {
			c, err = l.peers.admit(h, r, kind)
		}
		if err != nil {
			l.peers.rejected(conn.RemoteAddr().String(), err)
			return
		}
		l.handOver(c)
	})
}

// greet carries out the handshake; on failure the connection is closed and
// its place is free.
func (p *peers) greet(ctx context.Context, h *handshake, side side, deadline time.Time) (*bufio.Reader, zmq4.SocketType, error) {
	conn := h.conn
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	r := bufio.NewReaderSize(conn, p.o.readBuffer())
	kind, err := shake(conn, r, side, deadline)
	if err != nil {
		conn.Close()
		p.leave(h)
		switch cause := ctx.Err(); cause {
		case nil:
		case context.DeadlineExceeded:
			err = &fault{reason: "timeout", err: fmt.Errorf("the peer did not finish the handshake in time: %w", cause)}
		default:
			err = &fault{reason: "closed", err: cause}
		}
		return nil, "", err
	}
	return r, kind, nil
}

func (l *Listener) handOver(c *Conn) {
	select {
	case l.ready <- c:
	case <-l.done:
		c.Close()
	}
}

// Accept yields the next peer, to zmq4. It fails only once zmq4 itself has
// closed the listener, as zmq4 would call it again at once, for ever.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.ready:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// quit frees the ports and ends the handshakes under way; connections stay.
func (l *Listener) quit() {
	l.quitting.Do(func() {
		l.stop()
		close(l.done)
		for _, tcp := range l.tcp {
			tcp.Close() // the port is free either way
		}
	})
	l.wg.Wait()
}

// Close frees the ports and ends every connection.
func (l *Listener) Close() error {
	l.quit()
	l.closing.Do(func() { close(l.closed) })
	for _, c := range l.peers.all() {
		c.Close() // one that zmq4 took in while it closed would stay for ever
	}
	return nil
}

// Addr is the first address, for zmq4.
func (l *Listener) Addr() net.Addr {
	if len(l.tcp) == 0 {
		return &net.TCPAddr{}
	}
	return l.tcp[0].Addr()
}

// Endpoints gives the addresses bound, with the real port where 0 was asked.
func (l *Listener) Endpoints() []string {
	texts := make([]string, len(l.endpoints))
	for i, e := range l.endpoints {
		texts[i] = e.String()
	}
	return texts
}

// Failed yields the error of a listener that accepts no more.
func (l *Listener) Failed() <-chan error { return l.failed }

// Stats is a snapshot.
func (l *Listener) Stats() Stats { return l.peers.snapshot() }

// linger lets every connection write what it has queued, until the deadline.
func (l *Listener) linger(deadline time.Time) {
	var wg sync.WaitGroup
	for _, c := range l.peers.all() {
		wg.Go(func() { c.linger(deadline) })
	}
	wg.Wait()
}
