package wire

import (
	"context"

	"github.com/go-zeromq/zmq4"

	"busbar/common/wire/guard"
)

// A Peer is what one says of itself in the handshake.
type Peer struct {
	Version string // of ZMTP, such as "3.1"; empty: it said none
	Socket  string // such as "PUB"; empty: it ended before it said
}

// Inspect connects to a peer, shakes hands and hangs up: as a subscriber, or as one
// who asks for replay. What the peer said is there also beside an error, which says why
// the two do not fit, or why there was no handshake. It tries once, for a few seconds
// at most.
func Inspect(ctx context.Context, endpoint string, asks bool) (Peer, error) {
	as := zmq4.Sub
	if asks {
		as = zmq4.Dealer
	}
	p, err := guard.Inspect(ctx, endpoint, as, guard.Options{})
	return Peer{p.Version, string(p.Socket)}, err
}
