package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"busbar/common/exit"
)

// drainPatience is what subscribers get to take what waits.
const drainPatience = time.Minute

// Drain publishes until all that the journal holds is sent, by every way out, for a
// minute at most; what is left waits in the journal.
func (n *Node) Drain(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, drainPatience)
	defer cancel()
	ended := make(chan error, 1)
	running, stop := context.WithCancel(ctx)
	go func() { ended <- n.Run(running) }()
	err := n.sent(ctx)
	stop()
	if rerr := <-ended; rerr != nil && !errors.Is(rerr, context.Canceled) {
		err = errors.Join(err, rerr)
	}
	if err != nil {
		return &exit.Error{Code: exit.TempFail, Err: fmt.Errorf("publishing: %w (what is left waits in the journal)", err)}
	}
	return nil
}

// sent waits until nothing waits to be sent.
func (n *Node) sent(ctx context.Context) error {
	if len(n.bus.Publish) == 0 && len(n.sinks) == 0 {
		return errors.New("[bus] publish is empty")
	}
	for {
		left, err := n.left(ctx)
		if err == nil && left == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			for _, d := range n.sinks {
				err = errors.Join(err, d.Err())
			}
			return errors.Join(n.Err(), err, context.Cause(ctx))
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// left is how many messages wait for the way out that is furthest behind.
func (n *Node) left(ctx context.Context) (int64, error) {
	newest, err := n.Journal.Reader().LastSeq(ctx)
	if err != nil {
		return 0, err
	}
	left := int64(0)
	for _, d := range n.sinks {
		left = max(left, newest-d.Status().Cursor)
	}
	if len(n.bus.Publish) == 0 {
		return left, nil
	}
	unsent, err := n.Unsent(ctx)
	return max(left, unsent), err
}
