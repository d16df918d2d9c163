package guard

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"sync"

	"github.com/go-zeromq/zmq4"
	"github.com/go-zeromq/zmq4/transport"
)

// scheme is the guard's name among zmq4's transports. People never write it:
// their endpoints are tcp://, and the guard has bound or dialled them by the
// time that zmq4 is told of it.
const scheme = "guard"

// register adds the transport to zmq4's table, which is one a process.
var register = sync.OnceValue(func() error {
	return zmq4.RegisterTransport(scheme, handover{})
})

// handover is the transport: it gives zmq4 the listener or connection that
// travels in the socket's own context.
type handover struct{}

type handoverKey struct{}

func (handover) Listen(ctx context.Context, _ string) (net.Listener, error) {
	if l, ok := ctx.Value(handoverKey{}).(net.Listener); ok {
		return l, nil
	}
	return nil, fmt.Errorf("guard: sockets are made by the guard, not by the scheme %q", scheme)
}

func (handover) Dial(ctx context.Context, _ transport.Dialer, _ string) (net.Conn, error) {
	if c, ok := ctx.Value(handoverKey{}).(net.Conn); ok {
		return c, nil
	}
	return nil, fmt.Errorf("guard: sockets are made by the guard, not by the scheme %q", scheme)
}

func (handover) Addr(endpoint string) (string, error) { return endpoint, nil }

// newSocket makes a zmq4 socket that stands on what is handed over. zmq4
// never sees the caller's context: cancelling it would leave zmq4 half
// closed. Close does the whole of it.
func newSocket(over any, create func(context.Context, ...zmq4.Option) zmq4.Socket) (zmq4.Socket, error) {
	if err := register(); err != nil {
		return nil, fmt.Errorf("guard: registering with zmq4: %w", err)
	}
	ctx := context.WithValue(context.Background(), handoverKey{}, over)
	return create(ctx, zmq4.WithDialerMaxRetries(0), zmq4.WithLogger(log.New(io.Discard, "", 0))), nil
}

// Serve makes a zmq4 socket, such as a REP, that accepts from l; closing it
// closes l. A PUB is made by NewPub.
func Serve(l *Listener, create func(context.Context, ...zmq4.Option) zmq4.Socket) (zmq4.Socket, error) {
	s, err := newSocket(l, create)
	if err != nil {
		return nil, err
	}
	if err := s.Listen(scheme + "://listener"); err != nil {
		s.Close()
		return nil, fmt.Errorf("guard: %w", err)
	}
	return s, nil
}

// NewSub makes a zmq4 SUB socket on one connection, subscribed to the topics
// (prefixes of bytes; "" is everything). Its Recv fails once the connection
// has ended; then Close leaves no goroutine behind.
func NewSub(c *Conn, topics []string) (zmq4.Socket, error) {
	s, err := newSocket(c, zmq4.NewSub)
	if err != nil {
		c.Close()
		return nil, err
	}
	for _, topic := range topics {
		if err := s.SetOption(zmq4.OptionSubscribe, topic); err != nil {
			c.Close()
			s.Close()
			return nil, fmt.Errorf("guard: subscribing to %q: %w", topic, err)
		}
	}
	if err := s.Dial(scheme + "://connection"); err != nil {
		c.Close()
		s.Close()
		return nil, fmt.Errorf("guard: %w", err)
	}
	return s, nil
}
