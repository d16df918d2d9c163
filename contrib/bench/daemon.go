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
	"syscall"
	"time"
)

// A daemon is a mail2bus that runs for us.
type daemon struct {
	cmd      *exec.Cmd
	cancel   context.CancelFunc
	log      bytes.Buffer
	endpoint string
	maildir  string
	started  time.Duration
}

func build(ctx context.Context, dir string) (string, error) {
	program := filepath.Join(dir, "mail2bus")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", program, "busbar/mail2bus")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building mail2bus: %w: %s", err, out)
	}
	return program, nil
}

const configuration = `[bus]
name = "mail2bus.bench"
publish = [%q]
journal = %q
heartbeat = "1s"
[sign]
backend = %q
certificate = %q
key = %q
[mail]
maildir = [%q]
`

func startDaemon(ctx context.Context, program, dir, keys string, signed bool) (*daemon, error) {
	d := &daemon{maildir: filepath.Join(dir, "maildir")}
	for _, sub := range []string{"new", "cur", "tmp"} {
		if err := os.MkdirAll(filepath.Join(d.maildir, sub), 0o700); err != nil {
			return nil, err
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	addr := l.Addr().String()
	l.Close()
	d.endpoint = "tcp://" + addr
	backend := "none"
	if signed {
		backend = "x509"
	}
	pair := filepath.Join(keys, "keys", "bench.example.org")
	file := filepath.Join(dir, "mail2bus.toml")
	text := fmt.Sprintf(configuration, d.endpoint, filepath.Join(dir, "journal.db"), backend, pair+".crt", pair+".key", d.maildir)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return nil, err
	}
	var running context.Context
	running, d.cancel = context.WithCancel(context.WithoutCancel(ctx))
	d.cmd = exec.CommandContext(running, program, "run", "--config", file)
	d.cmd.Stderr = &d.log
	d.cmd.Cancel = func() error { return d.cmd.Process.Signal(syscall.SIGTERM) }
	d.cmd.WaitDelay = 10 * time.Second
	began := time.Now()
	if err := d.cmd.Start(); err != nil {
		return nil, err
	}
	for ctx.Err() == nil && time.Since(began) < 20*time.Second {
		if conn, err := net.Dial("tcp", addr); err == nil {
			conn.Close()
			d.started = time.Since(began)
			return d, nil
		}
		time.Sleep(time.Millisecond)
	}
	return nil, errors.Join(errors.New("mail2bus does not listen"), d.stop())
}

// stop ends the daemon as systemd does.
func (d *daemon) stop() error {
	d.cancel()
	if err := d.cmd.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("running mail2bus: %w: %s", err, strings.TrimSpace(d.log.String()))
	}
	return nil
}
