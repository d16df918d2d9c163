package guard

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"
)

// Dial connects to a peer and shakes hands, for a zmq4 socket that stands on
// this one connection. It tries once; the context bounds the whole of it.
func Dial(ctx context.Context, endpoint string, o Options) (*Conn, error) {
	p, err := newPeers(o)
	if err != nil {
		return nil, err
	}
	return p.dial(ctx, endpoint)
}

// Dial connects to a peer and hands it to the listener's zmq4 socket as if
// the peer had come by itself: fedmsg's PUB that connects to a relay.
func (l *Listener) Dial(ctx context.Context, endpoint string) (*Conn, error) {
	c, err := l.peers.dial(ctx, endpoint)
	if err != nil {
		return nil, err
	}
	l.handOver(c)
	return c, nil
}

func (p *peers) dial(ctx context.Context, endpoint string) (*Conn, error) {
	conn, e, err := dialTCP(ctx, endpoint)
	if err != nil {
		return nil, err
	}
	h := p.enter(conn)
	if h == nil {
		conn.Close()
		return nil, fmt.Errorf("connecting to %s: all %d places are taken", e, p.o.MaxPeers)
	}
	r, kind, err := p.greet(ctx, h, dialled(p.o.Type, partners(p.o.Type)...), handshakeEnd(ctx, p.o))
	var c *Conn
	if err == nil {
		c, err = p.admit(h, r, kind)
	}
	if err != nil {
		p.rejected(e.String(), err)
		return nil, fmt.Errorf("connecting to %s: %w", e, err)
	}
	return c, nil
}

// dialTCP connects; the handshake is to come.
func dialTCP(ctx context.Context, endpoint string) (net.Conn, Endpoint, error) {
	e, err := ParseEndpoint(endpoint)
	if err != nil {
		return nil, e, err
	}
	if e.Host == "" || e.Port == 0 {
		return nil, e, fmt.Errorf("endpoint %q: to connect, a host and a port are needed", endpoint)
	}
	d := net.Dialer{KeepAliveConfig: keepAlive()}
	conn, err := d.DialContext(ctx, "tcp", e.address())
	if err != nil {
		return nil, e, fmt.Errorf("connecting to %s: %w%s", e, err, dialHint(err))
	}
	return conn, e, nil
}

// handshakeEnd is when the handshake must be done.
func handshakeEnd(ctx context.Context, o Options) time.Time {
	deadline := time.Now().Add(o.Handshake)
	if own, ok := ctx.Deadline(); ok && own.Before(deadline) {
		return own
	}
	return deadline
}

func dialHint(err error) string {
	var timeout net.Error
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return " (nobody listens there)"
	case errors.As(err, &timeout) && timeout.Timeout():
		return " (no answer: a firewall, or a machine that is down)"
	}
	return ""
}
