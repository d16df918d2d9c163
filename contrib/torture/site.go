package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"busbar/common/sign"
	"busbar/contrib/victim"
)

// A site is one installation of mail2bus in a folder of its own, and the daemon
// that runs there.
type site struct {
	dir, program string
	spool        string
	journal      string
	address      string // host:port
	verifier     *sign.Verifier

	log    *os.File
	daemon victim.Victim
	undo   []func() error
}

func newSite(root, program, act string) (*site, error) {
	s := &site{dir: filepath.Join(root, strings.ReplaceAll(act, " ", "-")), program: program}
	if err := os.Mkdir(s.dir, 0o700); err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s.address = l.Addr().String()
	l.Close()
	if s.log, err = os.Create(s.path("log")); err != nil {
		return nil, err
	}
	s.daemon = victim.Victim{Program: program, Args: []string{"run", "--config", s.path("mail2bus.toml")}, Log: s.log}
	return s, nil
}

func (s *site) path(name string) string { return filepath.Join(s.dir, name) }

// install makes keys and configuration. Journal and spool lie in the folder
// given, the Maildir does not.
func (s *site) install(in string) error {
	ca, err := sign.CreateCA(s.path("keys"), "Torture CA", 1)
	if err != nil {
		return err
	}
	if _, err := ca.CRL(7); err != nil {
		return err
	}
	crt, key, err := ca.Issue("mail2bus.example.org", 7)
	if err != nil {
		return err
	}
	s.verifier, err = sign.NewVerifier(sign.VerifierOptions{CAFile: s.path("keys/ca.crt"), CRLFile: s.path("keys/crl.pem")})
	if err != nil {
		return err
	}
	s.journal, s.spool = filepath.Join(in, "journal.db"), filepath.Join(in, "spool")
	for _, dir := range []string{s.spool, s.path("maildir"), s.path("maildir/tmp"), s.path("maildir/new"), s.path("maildir/cur")} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			return err
		}
	}
	config := fmt.Sprintf("[bus]\nname = \"mail2bus.torture\"\npublish = [%q]\njournal = %q\nheartbeat = \"500ms\"\n[sign]\ncertificate = %q\nkey = %q\n[mail]\nmaildir = [%q]\nspool = %q\n",
		"tcp://"+s.address, s.journal, crt, key, s.path("maildir"), s.spool)
	return os.WriteFile(s.path("mail2bus.toml"), []byte(config), 0o600)
}

// end stops what runs and undoes what was done to the machine.
func (s *site) end() error {
	err := s.daemon.Stop()
	for _, undo := range s.undo {
		err = errors.Join(err, undo())
	}
	return errors.Join(err, s.log.Close())
}

// await waits until ok says so.
func await(ctx context.Context, what string, limit time.Duration, ok func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		done, err := ok()
		if done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w", what, ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}
