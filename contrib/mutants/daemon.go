package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const config = `[bus]
name = "mutants"
journal = %q
[sign]
backend = "none"
[mail]
maildir = [%q]
poll = "1s"
`

// A daemon is the real mail2bus.
type daemon struct {
	cmd *exec.Cmd
	log bytes.Buffer // read only after it has ended
}

func start(ctx context.Context, dir string) (*daemon, error) {
	program := filepath.Join(dir, "mail2bus")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", program, "busbar/mail2bus").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building mail2bus: %w: %s", err, out)
	}
	for _, sub := range []string{"", "tmp", "new", "cur"} {
		if err := os.Mkdir(filepath.Join(dir, "maildir", sub), 0o700); err != nil {
			return nil, err
		}
	}
	file := filepath.Join(dir, "mail2bus.toml")
	text := fmt.Sprintf(config, filepath.Join(dir, "journal.db"), filepath.Join(dir, "maildir"))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return nil, err
	}
	d := &daemon{cmd: exec.CommandContext(ctx, program, "run", "--config", file)}
	d.cmd.Stderr = &d.log
	return d, d.cmd.Start()
}

func deliver(dir string, i int, raw []byte) error {
	name := fmt.Sprintf("%010d.mutant", i)
	tmp := filepath.Join(dir, "maildir", "tmp", name)
	if err := os.WriteFile(tmp, raw, 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, filepath.Join(dir, "maildir", "new", name))
}

// drain waits until new/ is empty.
func (d *daemon) drain(ctx context.Context, dir string) error {
	for {
		left, err := os.ReadDir(filepath.Join(dir, "maildir", "new"))
		if err != nil {
			return err
		}
		if len(left) == 0 {
			return nil
		}
		if err := d.cmd.Process.Signal(syscall.Signal(0)); err != nil {
			return fmt.Errorf("mail2bus died: %w", err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d mails are still in new/: %w", len(left), ctx.Err())
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// peak is the most memory that the daemon ever held (VmHWM of proc(5)).
func (d *daemon) peak() (string, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", d.cmd.Process.Pid))
	if err != nil {
		return "", fmt.Errorf("reading the daemon's memory: %w", err)
	}
	for line := range strings.Lines(string(raw)) {
		if v, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			return strings.TrimSpace(v), nil
		}
	}
	return "", errors.New("reading the daemon's memory: no VmHWM")
}

func (d *daemon) stop() error {
	if err := d.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stopping mail2bus: %w", err)
	}
	if err := d.cmd.Wait(); err != nil {
		return fmt.Errorf("mail2bus ended badly: %w: %s", err, d.log.Bytes())
	}
	return nil
}
