package wire

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"busbar/common/drain"
	"busbar/common/drain/draintest"
)

// TestPublisherIsASink runs the suite of all ways out over real sockets.
func TestPublisherIsASink(t *testing.T) {
	draintest.Run(t, func(t *testing.T) draintest.Far {
		endpoint := free(t) // each start of the publisher has the same
		var mu sync.Mutex
		var got [][]byte
		sub := subscribe(t, SubOptions{Endpoints: []string{endpoint}})
		go func() {
			for {
				f, err := sub.Next(context.Background())
				if errors.Is(err, ErrClosed) {
					return
				}
				mu.Lock()
				got = append(got, f.Body)
				mu.Unlock()
			}
		}()
		return draintest.Far{
			Drain: func() *drain.Drain {
				p := &Publisher{Listen: PubOptions{Endpoints: []string{endpoint}}, look: 200 * time.Millisecond}
				// What is said before the subscriber is there, it misses by nature.
				p.State = func(pub *Pub, err error) {
					if err == nil {
						pub.WaitSubscriber(soon(t), draintest.Topic)
					}
				}
				return p.Drain()
			},
			Leaks: 1, // zmq4 never ends the writer of a PUB socket
			Got: func() [][]byte {
				mu.Lock()
				defer mu.Unlock()
				return slices.Clone(got)
			},
		}
	})
}
