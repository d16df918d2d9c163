package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// findProgram finds an adapter: beside this program, in the source tree that
// this is run from (then it is built), or in PATH.
func findProgram(ctx context.Context, name, into string) (string, error) {
	if self, err := os.Executable(); err == nil {
		beside := filepath.Join(filepath.Dir(self), name)
		if info, err := os.Stat(beside); err == nil && info.Mode().IsRegular() {
			return beside, nil
		}
	}
	// A go.mod that names this module is not enough: the folder may hold nothing else.
	if exec.CommandContext(ctx, "go", "list", "busbar/"+name).Run() == nil {
		target := filepath.Join(into, name)
		if out, err := exec.CommandContext(ctx, "go", "build", "-o", target, "busbar/"+name).CombinedOutput(); err != nil {
			return "", fmt.Errorf("building %s: %w: %s", name, err, bytes.TrimSpace(out))
		}
		return target, nil
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("looking for %s: %w (run the demo in the source tree, or install %s beside bus)", name, err, name)
	}
	return path, nil
}

// holdEndpoint takes a free address: until held is closed, nobody else gets it.
func holdEndpoint() (endpoint string, held net.Listener, err error) {
	if held, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return "", nil, fmt.Errorf("looking for a free port: %w", err)
	}
	return "tcp://" + held.Addr().String(), held, nil
}

// An adapter is a program of ours that the demo runs.
type adapter struct {
	name, program   string
	config, journal string // files
	cert, key       string // likewise
	endpoint        string
	held            net.Listener // of the endpoint, until it starts: two must not get one port

	cmd      *exec.Cmd
	cancel   context.CancelFunc // ends it
	stopping *atomic.Bool       // it is meant to end
	exited   <-chan error       // how it ended
	log      lockedBuffer
}

// firstSight makes an adapter take note of what there is: what changes from now
// on is news.
var firstSight = map[string]string{"dbpoll": "poll", "scmhook": "reconcile", "soapbus": "poll"}

// start starts the adapters. They end with close alone, also when the demo is
// interrupted.
func (d *demo) start(ctx context.Context) error {
	for _, a := range d.adapters {
		if command := firstSight[a.name]; command != "" {
			if err := a.command(ctx, command); err != nil {
				return err
			}
		}
		if a.name == "scmhook" {
			if err := a.command(ctx, "install"); err != nil {
				return err
			}
		}
		if err := a.start(d.ended); err != nil {
			return err
		}
		d.say("%s runs (process %d) and publishes on %s.", a.name, a.cmd.Process.Pid, a.endpoint)
	}
	d.say("Mails go in, commits are pushed, bugs of a tracker that answers SOAP change, and %s; events come out:\n", d.queue.what())
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
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, a.program, "run", "--config", a.config)
	cmd.Stderr = &a.log
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second // then it is killed
	if err := cmd.Start(); err != nil {
		cancel()
		return fmt.Errorf("starting %s: %w", a.name, err)
	}
	stopping, exited := new(atomic.Bool), make(chan error, 1)
	a.cmd, a.cancel, a.stopping, a.exited = cmd, cancel, stopping, exited
	go func() {
		err := cmd.Wait()
		if !stopping.Load() {
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
	a.stopping.Store(true)
	a.cancel()
	err := <-a.exited
	a.cmd = nil
	if err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("running %s: %w: %s", a.name, err, a.log.String())
	}
	return nil
}

// close ends all that was started.
func (d *demo) close() error {
	var errs []error
	for _, a := range d.adapters {
		errs = append(errs, a.stop())
	}
	if d.queue != nil {
		errs = append(errs, d.queue.close())
	}
	if d.tracker != nil {
		errs = append(errs, d.tracker.close())
	}
	return errors.Join(errs...)
}

// trouble is what the adapters said, when something went wrong.
func (d *demo) trouble() error {
	var errs []error
	for _, a := range d.adapters {
		if s := strings.TrimSpace(a.log.String()); s != "" {
			errs = append(errs, errors.New(a.name+" said: "+s))
		}
	}
	return errors.Join(errs...)
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
