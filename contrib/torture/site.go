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

	"busbar/common/sign"
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
	daemon *exec.Cmd
	ended  chan error // the daemon's Wait
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

// start starts the daemon.
func (s *site) start() error {
	cmd := exec.Command(s.program, "run", "--config", s.path("mail2bus.toml"))
	cmd.Stderr = s.log
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting mail2bus: %w", err)
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
		return fmt.Errorf("mail2bus ended by itself: %w", errors.Join(err, errors.New("nobody had asked it to")))
	default:
	}
	if err := s.daemon.Process.Kill(); err != nil {
		return fmt.Errorf("killing mail2bus: %w", err)
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
		return fmt.Errorf("stopping mail2bus: %w", err)
	}
	select {
	case err := <-s.ended:
		if err != nil {
			return fmt.Errorf("stopping mail2bus: %w", err)
		}
		return nil
	case <-time.After(time.Minute):
		_ = d.Process.Kill()
		<-s.ended
		return errors.New("mail2bus did not end within a minute of SIGTERM")
	}
}

// end stops what runs and undoes what was done to the machine.
func (s *site) end() error {
	err := s.stop()
	for _, undo := range s.undo {
		err = errors.Join(err, undo())
	}
	return errors.Join(err, s.log.Close())
}

func (s *site) lastWords() string {
	raw, _ := os.ReadFile(s.path("log"))
	lines := bytes.Split(bytes.TrimSpace(raw), []byte("\n"))
	return string(bytes.Join(lines[max(len(lines)-15, 0):], []byte("\n")))
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
