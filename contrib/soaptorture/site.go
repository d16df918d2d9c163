package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"busbar/fixtures/bugtracker"
)

// A site is one tracker and one soapbus.
type site struct {
	dir, bin string
	o        options
	tracker  *bugtracker.Tracker
	address  string
	server   *http.Server

	log    *os.File
	daemon *exec.Cmd
	ended  chan error // the daemon's Wait
}

func newSite(dir, bin string, o options) (*site, error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	s := &site{dir: dir, bin: bin, o: o}
	var err error
	s.log, err = os.Create(s.path("log"))
	return s, err
}

// serve starts the tracker, at the address that it had before if it had one.
func (s *site) serve() error {
	if s.address == "" {
		s.address = "127.0.0.1:0"
	}
	var l net.Listener
	var err error
	for range 50 { // the port is free again soon
		if l, err = net.Listen("tcp", s.address); err == nil {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	if err != nil {
		return fmt.Errorf("serving the tracker: %w", err)
	}
	s.address = l.Addr().String()
	s.server = &http.Server{Handler: s.tracker.Handler()}
	go s.server.Serve(l)
	return nil
}

// configure writes soapbus's configuration. A full sweep is in each round, so
// that the end is reached soon.
func (s *site) configure(more string) error {
	text := fmt.Sprintf("[bus]\nname = \"soapbus.torture\"\njournal = %q\n%s\n[sign]\nbackend = \"none\"\n[soap]\nurl = \"http://%s/cgi-bin/soap.cgi\"\n"+
		"rate = %d\ninterval = \"1s\"\nfull = \"1s\"\nrecent = \"1s\"\ngrace = \"0s\"\ntimeout = \"5s\"\nfirst = 700001\nusers = [\"qa@example.org\"]\n",
		s.path("journal.db"), more, s.address, s.o.rate)
	return os.WriteFile(s.path("soapbus.toml"), []byte(text), 0o600)
}

func (s *site) path(name string) string { return filepath.Join(s.dir, name) }

// poll makes one round, again and again until the tracker has answered.
func (s *site) poll(ctx context.Context) error {
	var err error
	for range 20 {
		cmd := exec.CommandContext(ctx, filepath.Join(s.bin, "soapbus"), "poll", "--config", s.path("soapbus.toml"))
		cmd.Stdout, cmd.Stderr = s.log, s.log
		if err = cmd.Run(); err == nil || ctx.Err() != nil {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("polling: %w", err)
	}
	return nil
}

func (s *site) start() error {
	cmd := exec.Command(filepath.Join(s.bin, "soapbus"), "run", "--config", s.path("soapbus.toml"))
	cmd.Stdout, cmd.Stderr = s.log, s.log
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting soapbus: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	s.daemon, s.ended = cmd, ended
	return nil
}

// kill ends the daemon without a warning. A daemon that had ended by itself is
// an error.
func (s *site) kill() error {
	select {
	case err := <-s.ended:
		s.daemon = nil
		return fmt.Errorf("soapbus ended by itself: %w", errors.Join(err, errors.New("nobody had asked it to")))
	default:
	}
	if err := s.daemon.Process.Kill(); err != nil {
		return fmt.Errorf("killing soapbus: %w", err)
	}
	<-s.ended
	s.daemon = nil
	return nil
}

// stop ends the daemon as an operator does.
func (s *site) stop() error {
	if s.daemon == nil {
		return nil
	}
	d := s.daemon
	s.daemon = nil
	if err := d.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stopping soapbus: %w", err)
	}
	select {
	case err := <-s.ended:
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			if ws, ok := exit.Sys().(syscall.WaitStatus); ok && ws.Signal() == syscall.SIGTERM {
				return nil // it had only just been started
			}
		}
		if err != nil {
			return fmt.Errorf("stopping soapbus: %w", err)
		}
		return nil
	case <-time.After(time.Minute):
		_ = d.Process.Kill()
		<-s.ended
		return errors.New("soapbus did not end within a minute of SIGTERM")
	}
}

func (s *site) end() error {
	errs := []error{s.stop()}
	if s.server != nil {
		errs = append(errs, s.server.Close())
	}
	return errors.Join(append(errs, s.log.Close())...)
}

func (s *site) lastWords() string {
	raw, _ := os.ReadFile(s.path("log"))
	lines := bytes.Split(bytes.TrimSpace(raw), []byte("\n"))
	return string(bytes.Join(lines[max(len(lines)-15, 0):], []byte("\n")))
}
