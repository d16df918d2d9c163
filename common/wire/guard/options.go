package guard

import (
	"context"
	"fmt"
	"log/slog"
	"syscall"
	"time"

	"github.com/go-zeromq/zmq4"
)

// Options are the limits of one socket's connections. A zero takes the
// default in brackets.
type Options struct {
	Type         zmq4.SocketType // our own side: zmq4.Pub, Sub, Rep or Req
	MaxMessage   int             // bytes of one incoming message with its frame headers [16 MiB; 64 KiB for a PUB]
	QueueBytes   int             // bytes that may wait for one peer [8 MiB]
	TotalBytes   int             // bytes that may wait for all peers together [64 MiB]
	MaxPeers     int             // connections, those in the handshake included [1024, or half of what the process may open]
	Handshake    time.Duration   // for the whole greeting and READY [2 s]
	WriteTimeout time.Duration   // for a peer to take the next 32 KiB [10 s]
	Log          *slog.Logger    // connects, rejects, drops [silent]
	// Exchange, of a listener, answers each REQ or DEALER that connects, in a
	// goroutine of its own; the connection is closed when it returns, and with the
	// listener. Who answers bounds how many there are. Nil: they are refused.
	Exchange func(ctx context.Context, x *Exchange)
	// Inbound, of a listener, reads what each PUB, XPUB or PUSH sends that connects, as
	// the SUB or PULL of a relay; all as for Exchange. Nil: they are refused, unless
	// Type has them.
	Inbound func(ctx context.Context, x *Exchange)
}

// MaxMessage is the default limit of one message, in bytes.
const MaxMessage = 16 << 20

func (o Options) withDefaults() (Options, error) {
	if partners(o.Type) == nil {
		return o, fmt.Errorf("guard: a %q socket is not offered: zmq4's PUSH and DEALER copy to every peer, its PLAIN server takes any password", o.Type)
	}
	return o.limits()
}

// limits fills in the numbers.
func (o Options) limits() (Options, error) {
	for _, n := range []int{o.MaxMessage, o.QueueBytes, o.TotalBytes, o.MaxPeers, int(o.Handshake), int(o.WriteTimeout)} {
		if n < 0 {
			return o, fmt.Errorf("guard: the limit %d is negative", n)
		}
	}
	if o.MaxMessage == 0 {
		o.MaxMessage = MaxMessage
		if o.Type == zmq4.Pub {
			o.MaxMessage = 64 << 10
		}
	}
	o.QueueBytes = orDefault(o.QueueBytes, 8<<20)
	o.TotalBytes = orDefault(o.TotalBytes, 64<<20)
	o.MaxPeers = orDefault(o.MaxPeers, 1024)
	if o.Type == zmq4.Pub {
		o.MaxPeers = min(o.MaxPeers, descriptors()/2)
	}
	o.Handshake = orDefault(o.Handshake, 2*time.Second)
	o.WriteTimeout = orDefault(o.WriteTimeout, 10*time.Second)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o, nil
}

// descriptors is how many files and connections the process may open; peers
// must leave some to the rest of it.
func descriptors() int {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil {
		return 1024
	}
	return int(min(limit.Cur, 1<<20))
}

func orDefault[N int | time.Duration](n, fallback N) N {
	if n == 0 {
		return fallback
	}
	return n
}

// readBuffer is small where there are many peers that hardly speak.
func (o Options) readBuffer() int {
	if o.Type == zmq4.Pub {
		return 1 << 10
	}
	return 64 << 10
}
