package replay

import (
	"context"
	"fmt"

	"github.com/go-zeromq/zmq4"

	"busbar/common/wire/guard"
)

// Listen answers at endpoints of its own, tcp://HOST:PORT, as fedmsg's
// replay_endpoints have them, until ctx ends or nothing can be accepted any more.
// bound is called with the real addresses once all are there.
func (s *Server) Listen(ctx context.Context, endpoints []string, bound func(endpoints []string)) error {
	l, err := guard.Listen(ctx, endpoints, guard.Options{Type: zmq4.Rep, Exchange: s.Serve, Log: s.log})
	if err != nil {
		return fmt.Errorf("answering replay: %w", err)
	}
	defer l.Close()
	bound(l.Endpoints())
	select {
	case <-ctx.Done():
		return nil
	case err := <-l.Failed():
		return fmt.Errorf("answering replay: %w", err)
	}
}
