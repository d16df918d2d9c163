package guard

import (
	"bufio"
	"context"
	"fmt"

	"github.com/go-zeromq/zmq4"
)

// maxSocket is how much of a peer's word for its socket is kept.
const maxSocket = 16

// A Peer is what one says of itself in the handshake.
type Peer struct {
	Version string          // of ZMTP, such as "3.1"; empty: it said none
	Socket  zmq4.SocketType // empty: it ended before it said
}

// Inspect connects to a peer as a socket of a kind, shakes hands and hangs up. What
// the peer said is there also beside an error, which says why the two do not fit, or
// why there was no handshake. It tries once; the context and o.Handshake bound it.
func Inspect(ctx context.Context, endpoint string, as zmq4.SocketType, o Options) (Peer, error) {
	var p Peer
	o.Type = as
	o, err := o.limits()
	if err != nil {
		return p, err
	}
	conn, e, err := dialTCP(ctx, endpoint)
	if err != nil {
		return p, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	s := dialled(as, fitting(as)...)
	s.seen = &p
	if _, err := shake(conn, bufio.NewReader(conn), s, handshakeEnd(ctx, o)); err != nil {
		return p, fmt.Errorf("connecting to %s: %w", e, err)
	}
	return p, nil
}

// fitting are the peers that a socket may have, a DEALER too, which no socket of ours
// is (see partners).
func fitting(t zmq4.SocketType) []zmq4.SocketType {
	if t == zmq4.Dealer {
		return []zmq4.SocketType{zmq4.Rep, zmq4.Router}
	}
	return partners(t)
}

// greeted reads the version in a greeting, which may be cut off: peers of ZMTP 2 and
// older say no more than this before they know us. Their revisions count from 0.
func (p *Peer) greeted(g []byte) {
	switch {
	case p == nil || len(g) < 11 || g[0] != 0xff || g[9]&1 == 0:
	case g[10] < 3:
		p.Version = fmt.Sprintf("%d.0", g[10]+1)
	case len(g) > 11:
		p.Version = fmt.Sprintf("%d.%d", g[10], g[11])
	}
}

func (p *Peer) is(kind zmq4.SocketType) {
	if p != nil {
		p.Socket = kind[:min(len(kind), maxSocket)]
	}
}
