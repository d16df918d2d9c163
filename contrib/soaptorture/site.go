package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"busbar/contrib/victim"
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
	daemon victim.Victim
}

func newSite(dir, bin string, o options) (*site, error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	s := &site{dir: dir, bin: bin, o: o}
	var err error
	s.log, err = os.Create(s.path("log"))
	s.daemon = victim.Victim{Program: filepath.Join(bin, "soapbus"), Args: []string{"run", "--config", s.path("soapbus.toml")}, Log: s.log}
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

func (s *site) end() error {
	errs := []error{s.daemon.Stop()}
	if s.server != nil {
		errs = append(errs, s.server.Close())
	}
	return errors.Join(append(errs, s.log.Close())...)
}
