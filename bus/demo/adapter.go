package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
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
	process
	tables func() string               // its own configuration
	before []string                    // commands that take note of what there is: what changes from then on is news
	play   func(context.Context) error // what happens in the service

	config, journal string // files
	cert, key       string // likewise
	endpoint        string
	held            net.Listener // of the endpoint, until it starts: two must not get one port
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
compat = ["debmessenger", "debexpo"]
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
	a.args = []string{"run", "--config", a.config}
	return a.process.start(ended)
}

// close ends all that was started.
func (d *demo) close() error {
	var errs []error
	for _, a := range d.adapters {
		errs = append(errs, a.stop())
	}
	for _, p := range []*process{&d.consumer, &d.hub} {
		errs = append(errs, p.stop())
	}
	for _, server := range d.opened {
		errs = append(errs, server.Close())
	}
	return errors.Join(errs...)
}

// failure is what the programs said, when something went wrong.
func (d *demo) failure() error {
	var errs []error
	programs := []*process{&d.consumer, &d.hub}
	for _, a := range d.adapters {
		programs = append(programs, &a.process)
	}
	for _, p := range programs {
		if s := p.said(); s != "" {
			errs = append(errs, fmt.Errorf("%s said: %s", p.name, s))
		}
	}
	return errors.Join(errs...)
}
