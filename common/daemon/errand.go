package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"busbar/common/pump"
)

// Quiet keeps what is no warning to itself: cron mails whatever is said.
func Quiet(log *slog.Logger) *slog.Logger { return slog.New(quiet{log.Handler()}) }

type quiet struct{ slog.Handler }

// Enabled says what is told.
func (q quiet) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && q.Handler.Enabled(ctx, l)
}

// Once runs a pump to its end, or to the first trouble, which it returns: who
// does an errand will do it again.
func Once(ctx context.Context, p *pump.Pump) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	note := p.OnErr
	p.OnErr = func(err error) {
		if note != nil {
			note(err)
		}
		if err != nil {
			cancel(err)
		}
	}
	if err := p.Run(ctx); err != nil {
		return err
	}
	return context.Cause(ctx)
}

// drainPatience is what subscribers get to take what waits.
const drainPatience = time.Minute

// Drain publishes until all that the journal holds is sent, for a minute at
// most; what is left waits in the journal.
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
		return &ExitError{Code: ExitTempFail, Err: fmt.Errorf("publishing: %w (what is left waits in the journal)", err)}
	}
	return nil
}

// sent waits until nothing waits to be sent.
func (n *Node) sent(ctx context.Context) error {
	if len(n.bus.Publish) == 0 {
		return errors.New("[bus] publish is empty")
	}
	for {
		left, err := n.Unsent(ctx)
		if err == nil && left == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(n.Err(), err, context.Cause(ctx))
		case <-time.After(100 * time.Millisecond):
		}
	}
}
