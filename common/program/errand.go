package program

import (
	"context"
	"log/slog"

	"busbar/common/pump"
)

// Quiet keeps what is no warning to itself: cron mails whatever is said.
func Quiet(log *slog.Logger) *slog.Logger { return slog.New(quiet{log.Handler()}) }

type quiet struct{ slog.Handler }

// Enabled says what is logged.
func (q quiet) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && q.Handler.Enabled(ctx, l)
}

// Once runs a pump to its end, or to the first transient error, which it returns: who
// runs a command will run it again.
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
