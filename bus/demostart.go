package main

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
	module, err := exec.CommandContext(ctx, "go", "list", "-m").Output()
	if err == nil && strings.TrimSpace(string(module)) == "busbar" {
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

// freeEndpoint is an address of this machine that nobody uses now.
func freeEndpoint() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("looking for a free port: %w", err)
	}
	defer l.Close()
	return "tcp://" + l.Addr().String(), nil
}

// A process is an adapter that the demo started.
type process struct {
	cmd    *exec.Cmd
	cancel context.CancelFunc
	log    lockedBuffer
}

// start starts the adapter. It ends with stop alone, also when the demo is
// interrupted.
func (d *demo) start() (*process, error) {
	ctx, cancel := context.WithCancel(context.Background())
	p := &process{cmd: exec.CommandContext(ctx, d.mail2bus, "run", "--config", d.path("mail2bus.toml")), cancel: cancel}
	p.cmd.Stderr = &p.log
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(syscall.SIGTERM) }
	p.cmd.WaitDelay = 10 * time.Second // then it is killed
	if err := p.cmd.Start(); err != nil {
		cancel()
		return nil, fmt.Errorf("starting mail2bus: %w", err)
	}
	d.say("mail2bus runs (process %d) and publishes on %s. Mails go in; events come out:\n", p.cmd.Process.Pid, d.endpoint)
	return p, nil
}

// stop ends the adapter the way systemd does and reports how that went.
func (p *process) stop() error {
	p.cancel()
	if err := p.cmd.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("running mail2bus: %w: %s", err, p.log.String())
	}
	return nil
}

// trouble is what the adapter said, when something went wrong.
func (p *process) trouble() error {
	if s := strings.TrimSpace(p.log.String()); s != "" {
		return errors.New("mail2bus said: " + s)
	}
	return nil
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
