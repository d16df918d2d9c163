package program

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	sd "github.com/coreos/go-systemd/v22/daemon"
	"golang.org/x/sys/unix"

	"busbar/common/condition"
	"busbar/common/config"
	"busbar/common/node"
)

// taken are the keys that every daemon takes up at a reload.
var taken = []string{"bus.log", "bus.quiet", "sign.certificate", "sign.key"}

// A reload says how a daemon takes up a changed configuration at SIGHUP.
type reload struct {
	program *Env
	running Config                 // the configuration that it started with
	load    func() (Config, error) // reads and checks all again
	// take takes up what is the program's own, of which keys are the keys.
	take func(Config) error
	keys []string
}

// task waits for SIGHUP. Whatever is wrong with a new configuration, the daemon
// goes on with what it has.
func (r reload) task(n *node.Node, hangup <-chan os.Signal) Task {
	return Task{Name: "the reloads", Run: func(ctx context.Context) error {
		for {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-hangup:
				notify(n.Log, fmt.Sprintf("%s\nMONOTONIC_USEC=%d", sd.SdNotifyReloading, monotonic()))
				r.once(n)
				notify(n.Log, sd.SdNotifyReady)
			}
		}
	}}
}

func (r reload) once(n *node.Node) {
	const failed, pending = "configuration", "restart"
	level := r.program.level.Level()
	next, err := r.load() // takes up [bus] log at once
	if err == nil {
		err = n.Renew(next.Common().Bus, next.Common().Sign, func() error { return r.take(next) })
	}
	if err != nil {
		r.program.level.Set(level)
		// Who has read the log finds it in every view.
		n.Conditions.Raise(condition.Condition{
			Name: failed, Level: condition.Warn, Text: "it is not taken up, the one from before is in force: " + err.Error(),
			Hint: "correct it, and reload: the next start would fail",
		})
		n.Log.Error("configuration refused; the previous one stays in force", "error", err)
		return
	}
	n.Conditions.Clear(failed)
	waits := config.Changed(r.running, next, slices.Concat(taken, r.keys))
	if len(waits) == 0 {
		n.Conditions.Clear(pending)
		n.Log.Info("configuration reloaded")
		return
	}
	n.Conditions.Raise(condition.Condition{
		Name: pending, Level: condition.Warn, Text: "these keys were changed since the start, and take a restart: " + strings.Join(waits, ", "),
	})
	n.Log.Warn("configuration reloaded; some keys need a restart", "keys", waits)
}

// monotonic is CLOCK_MONOTONIC in microseconds, as systemd wants it.
func monotonic() int64 {
	var t unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &t) != nil {
		return 0
	}
	return t.Nano() / 1000
}
