package trigger

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
)

// endings are two contexts: the first ends when the program is told to stop, by
// SIGTERM or SIGINT, and the second when it is told so once more.
func endings(base context.Context, log *slog.Logger) (ctx, kill context.Context, stop func()) {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	ctx, end := context.WithCancel(base)
	kill, endNow := context.WithCancel(context.Background())
	over := make(chan struct{})
	go func() {
		for _, step := range []struct {
			do   func()
			text string
		}{{end, "ending: commands that run may end first; a second signal ends them"}, {endNow, "ending at once, with the commands that run"}} {
			select {
			case <-signals:
				log.Info(step.text)
				step.do()
			case <-over:
				return
			}
		}
	}()
	return ctx, kill, func() {
		signal.Stop(signals)
		close(over)
		end()
		endNow()
	}
}
