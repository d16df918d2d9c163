package daemon

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"reflect"
	"slices"
	"strings"
	"syscall"

	sd "github.com/coreos/go-systemd/v22/daemon"
	"golang.org/x/sys/unix"

	"busbar/common/condition"
	"busbar/common/sign"
)

// Signals is for a daemon: a context that SIGINT and SIGTERM end, and where
// SIGHUP comes, which from now on never ends the program.
func Signals() (ctx context.Context, hangup <-chan os.Signal, stop func()) {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	return ctx, hup, func() { cancel(); signal.Stop(hup) }
}

// taken are the keys that every daemon takes up at a reload.
var taken = []string{"bus.log", "bus.quiet", "sign.certificate", "sign.key"}

// A Reload says how a daemon takes up a changed configuration at SIGHUP.
type Reload[C any] struct {
	Program *Program
	Running C                 // the configuration that it started with
	Load    func() (C, error) // reads and checks all anew
	// Parts gives the shared tables of a configuration.
	Parts func(C) (BusConfig, SignConfig)
	// Take takes up what is the program's own, of which Keys are the keys; nil:
	// nothing is.
	Take func(C) error
	Keys []string
}

// Task waits for SIGHUP. Whatever is wrong with a new configuration, the daemon
// goes on with what it has.
func (r Reload[C]) Task(n *Node, hangup <-chan os.Signal) Task {
	return Task{Name: "the reloads", Run: func(ctx context.Context) error {
		for {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-hangup:
				notify(n.log, fmt.Sprintf("%s\nMONOTONIC_USEC=%d", sd.SdNotifyReloading, monotonic()))
				r.once(n)
				notify(n.log, sd.SdNotifyReady)
			}
		}
	}}
}

func (r *Reload[C]) once(n *Node) {
	const failed, pending = "configuration", "restart"
	level := r.Program.level.Level()
	next, err := r.Load() // takes up [bus] log at once
	if err == nil {
		bus, sc := r.Parts(next)
		var signer *sign.Signer
		if signer, err = n.newSigner(sc); err == nil && r.Take != nil {
			err = r.Take(next)
		}
		if err == nil { // all of it, or nothing
			n.take(bus, sc, signer)
		}
	}
	if err != nil {
		r.Program.level.Set(level)
		n.log.Error("the configuration is not taken up; the one from before is in force", "error", err)
		n.Conditions.Raise(condition.Condition{
			Name: failed, Level: condition.Warn, Text: "it is not taken up, the one from before is in force: " + err.Error(),
			Hint: "correct it, and reload: the next start would fail",
		})
		return
	}
	n.Conditions.Clear(failed)
	waits := changed(r.Running, next, slices.Concat(taken, r.Keys))
	if len(waits) == 0 {
		n.Conditions.Clear(pending)
		n.log.Info("the configuration, keys and secrets were read again and are in force")
		return
	}
	n.log.Warn("the configuration was read again; these keys take a restart", "keys", waits)
	n.Conditions.Raise(condition.Condition{
		Name: pending, Level: condition.Warn, Text: "these keys were changed since the start, and take a restart: " + strings.Join(waits, ", "),
	})
}

// changed names the keys that differ and are not among those that are taken up;
// of a table that may be there several times, the table.
func changed[C any](a, b C, but []string) []string {
	var names []string
	was, now := Keys(&a), Keys(&b)
	for i, k := range now {
		if !k.Many && !slices.Contains(but, k.Path) && !reflect.DeepEqual(was[i].value.Interface(), k.value.Interface()) {
			names = append(names, k.Path)
		}
	}
	va, vb := reflect.ValueOf(a), reflect.ValueOf(b)
	for i := range va.NumField() {
		f := va.Type().Field(i)
		if name := f.Tag.Get("toml"); isTables(f.Type) && !slices.Contains(but, name) && !reflect.DeepEqual(va.Field(i).Interface(), vb.Field(i).Interface()) {
			names = append(names, name)
		}
	}
	return names
}

// newSigner reads the keys anew.
func (n *Node) newSigner(sc SignConfig) (*sign.Signer, error) {
	was := n.looking()
	if (sc.Backend == "none") != (was.sign.Backend == "none") {
		return nil, fmt.Errorf("[sign] backend was changed from %q to %q: that takes a restart", was.sign.Backend, sc.Backend)
	}
	return sc.Signer()
}

// take takes up what every daemon can.
func (n *Node) take(bus BusConfig, sc SignConfig, signer *sign.Signer) {
	if signer != nil {
		n.signer.Store(signer)
		n.log.Log(context.Background(), slog.LevelInfo, "messages are signed as", "name", signer.Name(), "until", signer.NotAfter())
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.outlook.sign = sc
	n.outlook.bus.Quiet = bus.Quiet
}

// looking is the outlook of this moment.
func (n *Node) looking() outlook {
	n.mu.Lock()
	defer n.mu.Unlock()
	o := n.outlook
	o.signer = n.signer.Load()
	return o
}

// monotonic is CLOCK_MONOTONIC in microseconds, as systemd wants it.
func monotonic() int64 {
	var t unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &t) != nil {
		return 0
	}
	return t.Nano() / 1000
}
