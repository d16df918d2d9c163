package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"busbar/contrib/trials/trial"
	"busbar/fixtures/bugtracker"
	"busbar/fixtures/ports"
)

// A site is one tracker and one soapbus.
type site struct {
	*trial.Site
	o       options
	tracker *bugtracker.Tracker
	address string
	server  *http.Server
	daemon  *trial.Victim // soapbus run
}

func newSite(at *trial.Site, o options) *site {
	s := &site{Site: at, o: o, daemon: at.Daemon("soapbus", "run")}
	s.Undo(func() error {
		if s.server == nil {
			return nil
		}
		return s.server.Close()
	})
	return s
}

func (s *site) journal() string { return s.Path("journal.db") }

// serve starts the tracker, at the address that it had before if it had one.
func (s *site) serve() error {
	var err error
	if s.address == "" {
		if s.address, err = ports.Address(); err != nil {
			return fmt.Errorf("serving the tracker: %w", err)
		}
	}
	l, err := net.Listen("tcp", s.address)
	if err != nil {
		return fmt.Errorf("serving the tracker: %w", err)
	}
	s.server = &http.Server{Handler: s.tracker.Handler()}
	go s.server.Serve(l)
	return nil
}

// configure writes soapbus's configuration. A full sweep is in each round, so
// that the end is reached soon. A request may take so long: little where the
// tracker is made to hang, much where a busy machine alone is slow.
func (s *site) configure(timeout time.Duration, bus, soap string) error {
	return s.Configure("soapbus", "[bus]\nname = %q\njournal = %q\n%s\n[sign]\nbackend = \"none\"\n[soap]\nurl = \"http://%s/cgi-bin/soap.cgi\"\n"+
		"rate = %d\ninterval = \"1s\"\nfull = \"1s\"\nrecent = \"1s\"\ngrace = \"0s\"\ntimeout = %q\nfirst = 700001\nusers = [\"qa@example.org\"]\n%s",
		"soapbus.trial", s.journal(), bus, s.address, s.o.rate, timeout.String(), soap)
}

// present compares the states that all messages make with the tracker's.
func (s *site) present(ctx context.Context) (string, error) {
	journals := []string{s.journal()}
	if mail := s.Path("mail.db"); exists(mail) {
		journals = append(journals, mail)
	}
	return s.Present(ctx, journals, "--tracker", "http://"+s.address+"/cgi-bin/soap.cgi")
}

func exists(path string) bool { _, err := os.Stat(path); return err == nil }

// poll makes one round, again and again until the tracker has answered.
func (s *site) poll(ctx context.Context) error {
	var err error
	for range 20 {
		if err = s.Run(ctx, "soapbus", "poll"); err == nil || ctx.Err() != nil {
			break
		}
	}
	return err
}
