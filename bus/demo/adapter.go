package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// holdEndpoint takes a free address: until held is closed, nobody else gets it.
func holdEndpoint() (endpoint string, held net.Listener, err error) {
	if held, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return "", nil, fmt.Errorf("looking for a free port: %w", err)
	}
	return "tcp://" + held.Addr().String(), held, nil
}

// An adapter is a program of ours that the demo runs, and the service that it
// listens to.
type adapter struct {
	name   string
	tables func() string               // its own configuration
	before []string                    // commands that take note of what there is: what changes from then on is news
	play   func(context.Context) error // what happens in the service

	program         string
	config, journal string // files
	cert, key, log  string // likewise
	endpoint        string
	held            net.Listener // of the endpoint, until it starts: two must not get one port

	cmd    *exec.Cmd
	cancel context.CancelFunc // ends it
	exited <-chan error       // how it ended
}

func (a *adapter) publisher() string { return a.name + ".demo" }

func (d *demo) adapter(name string) *adapter {
	for _, a := range d.adapters {
		if a.name == name {
			return a
		}
	}
	return nil
}

const demoConfig = `[bus]
prefix = "org.debian"
environment = "dev"
name = %q
publish = [%q]
journal = %q
compat = ["debmessenger"]
heartbeat = "1s"

[sign]
certificate = %q
key = %q

%s`

// configure writes the configuration.
func (a *adapter) configure() error {
	config := fmt.Sprintf(demoConfig, a.publisher(), a.endpoint, a.journal, a.cert, a.key, a.tables())
	if err := os.WriteFile(a.config, []byte(config), 0o600); err != nil {
		return fmt.Errorf("writing the demo's configuration: %w", err)
	}
	return nil
}

// start starts the adapters. They end with close alone, also when the demo is
// interrupted.
func (d *demo) start(ctx context.Context) error {
	for _, a := range d.adapters {
		for _, command := range a.before {
			if err := a.command(ctx, command); err != nil {
				return err
			}
		}
		if err := a.start(d.ended); err != nil {
			return err
		}
		d.say("%s runs (process %d) and publishes on %s.", a.name, a.cmd.Process.Pid, a.endpoint)
	}
	return nil
}

// command runs one of an adapter's commands.
func (a *adapter) command(ctx context.Context, name string) error {
	if out, err := exec.CommandContext(ctx, a.program, name, "--config", a.config).CombinedOutput(); err != nil {
		return fmt.Errorf("running %s %s: %w: %s", a.name, name, err, bytes.TrimSpace(out))
	}
	return nil
}

// start starts the adapter; ended hears if it ends before stop was called.
func (a *adapter) start(ended func(error)) error {
	if a.held != nil {
		if err := a.held.Close(); err != nil {
			return fmt.Errorf("starting %s: %w", a.name, err)
		}
		a.held = nil
	}
	log, err := os.OpenFile(a.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("starting %s: %w", a.name, err)
	}
	defer log.Close()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, a.program, "run", "--config", a.config)
	cmd.Stderr = log
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second // then it is killed
	if err := cmd.Start(); err != nil {
		cancel()
		return fmt.Errorf("starting %s: %w", a.name, err)
	}
	exited := make(chan error, 1)
	a.cmd, a.cancel, a.exited = cmd, cancel, exited
	go func() {
		err := cmd.Wait()
		if ctx.Err() == nil { // nobody called stop
			ended(fmt.Errorf("%s ended by itself", a.name))
		}
		exited <- err
	}()
	return nil
}

// stop ends the adapter the way systemd does and reports how that went.
func (a *adapter) stop() error {
	if a.cmd == nil {
		return nil
	}
	a.cancel()
	err := <-a.exited
	a.cmd = nil
	if err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("running %s: %w: %s", a.name, err, a.said())
	}
	return nil
}

// close ends all that was started.
func (d *demo) close() error {
	var errs []error
	for _, a := range d.adapters {
		errs = append(errs, a.stop())
	}
	for _, server := range d.opened {
		errs = append(errs, server.Close())
	}
	return errors.Join(errs...)
}

// failure is what the adapters said, when something went wrong.
func (d *demo) failure() error {
	var errs []error
	for _, a := range d.adapters {
		if s := a.said(); s != "" {
			errs = append(errs, fmt.Errorf("%s said: %s", a.name, s))
		}
	}
	return errors.Join(errs...)
}

// said is what the adapter logged; where that cannot be read, why.
func (a *adapter) said() string {
	log, err := os.ReadFile(a.log)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err.Error()
	}
	return strings.TrimSpace(string(log))
}
