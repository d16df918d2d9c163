package program

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	sd "github.com/coreos/go-systemd/v22/daemon"
)

// A Task is one of the things that a daemon does all the time.
type Task struct {
	Name string
	Run  func(context.Context) error
}

// Serve runs all tasks until ctx ends or one of them fails; then the others are
// ended, too. It tells systemd when the daemon is ready, what it is doing, and
// that it lives (sd_notify(3), WATCHDOG_USEC); status is asked for that line.
func Serve(ctx context.Context, log *slog.Logger, status func() string, tasks ...Task) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		errs []error
	)
	for _, t := range tasks {
		wg.Go(func() {
			err := t.Run(ctx)
			if err == nil && ctx.Err() == nil {
				err = errors.New("it ended by itself")
			}
			if err != nil && !Cut(ctx, err) {
				mu.Lock()
				errs = append(errs, fmt.Errorf("running %s: %w", t.Name, err))
				mu.Unlock()
			}
			cancel()
		})
	}
	notify(log, sd.SdNotifyReady)
	wg.Go(func() { watch(ctx, log, status) })
	<-ctx.Done()
	notify(log, sd.SdNotifyStopping)
	wg.Wait()
	return errors.Join(errs...)
}

const statusEvery = 10 * time.Second

// watch keeps systemd's watchdog and status line up to date.
func watch(ctx context.Context, log *slog.Logger, status func() string) {
	every := statusEvery
	interval, err := sd.SdWatchdogEnabled(false)
	if err != nil {
		log.Warn("the watchdog's interval cannot be read", "error", err)
	}
	if interval > 0 {
		every = min(every, interval/2)
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		// status takes the locks of the working parts: a daemon that hangs
		// there does not pet the watchdog.
		notify(log, "STATUS="+status())
		if interval > 0 {
			notify(log, sd.SdNotifyWatchdog)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Starting tells systemd that the daemon is not ready yet, what it is doing, and that
// another minute is not to be counted against its start (EXTEND_TIMEOUT_USEC).
func Starting(log *slog.Logger, status string) {
	notify(log, fmt.Sprintf("EXTEND_TIMEOUT_USEC=%d\nSTATUS=%s", time.Minute.Microseconds(), status))
}

func notify(log *slog.Logger, state string) {
	if _, err := sd.SdNotify(false, state); err != nil {
		log.Warn("systemd cannot be notified", "state", state, "error", err)
	}
}
