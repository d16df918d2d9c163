package demo

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// A process is a program that the demo runs.
type process struct {
	name     string // for people
	program  string // its file
	args     []string
	log, out string // files of its standard error and output; out may be empty

	cmd    *exec.Cmd
	signal os.Signal          // that ends it
	cancel context.CancelFunc // ends it
	exited <-chan error       // how it ended
}

// start starts it; ended hears if it ends before stop or kill was called.
func (p *process) start(ended func(error)) error {
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, p.program, p.args...)
	p.signal = syscall.SIGTERM
	cmd.Cancel = func() error { return cmd.Process.Signal(p.signal) }
	cmd.WaitDelay = time.Minute // then it is killed
	log, err := appendTo(p.log)
	if err == nil && p.out != "" {
		var out *os.File
		if out, err = appendTo(p.out); err == nil {
			defer out.Close()
			cmd.Stdout = out
		}
	}
	if err == nil {
		defer log.Close()
		cmd.Stderr = log
		err = cmd.Start()
	}
	if err != nil {
		cancel()
		return fmt.Errorf("starting %s: %w", p.name, err)
	}
	exited := make(chan error, 1)
	p.cmd, p.cancel, p.exited = cmd, cancel, exited
	go func() {
		err := cmd.Wait()
		if ctx.Err() == nil { // nobody called stop
			ended(fmt.Errorf("%s ended by itself", p.name))
		}
		exited <- err
	}()
	return nil
}

func appendTo(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
}

// stop ends it the way systemd does and reports how that went.
func (p *process) stop() error {
	if p.cmd == nil {
		return nil
	}
	p.cancel()
	err := <-p.exited
	p.cmd = nil
	if err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("running %s: %w: %s", p.name, err, p.said())
	}
	return nil
}

// kill kills it as a lack of memory does.
func (p *process) kill() {
	p.signal = os.Kill
	p.cancel()
	<-p.exited
	p.cmd = nil
}

// said is what it logged; where that cannot be read, why.
func (p *process) said() string {
	log, err := os.ReadFile(p.log)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err.Error()
	}
	return strings.TrimSpace(string(log))
}
