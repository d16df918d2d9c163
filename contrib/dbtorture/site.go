package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"busbar/fixtures/buildqueue"
	"busbar/fixtures/cluster"
)

const database = "queue"

// architectures and suites are what writers write to; a lock guards each pair.
var (
	architectures = []string{"amd64", "arm64", "armhf", "riscv64"}
	suites        = []string{"sid", "stable"}
)

// A site is one build queue and one dbpoll.
type site struct {
	dir, program, role string
	pg                 *cluster.Postgres
	what               string          // what the act did, for its line
	lost               map[string]bool // events of changes that a restore undid

	log    *os.File
	daemon *exec.Cmd
	ended  chan error // the daemon's Wait
}

func newSite(ctx context.Context, dir, program, role string) (*site, error) {
	if err := os.Mkdir(dir, 0o711); err != nil {
		return nil, err
	}
	s := &site{dir: dir, program: program, role: role, lost: map[string]bool{}}
	var err error
	if s.log, err = os.Create(s.path("log")); err != nil {
		return nil, err
	}
	s.pg, err = cluster.StartPostgres(ctx, s.path("pg"), cluster.PostgresOptions{Settings: []string{"max_connections = 50"}})
	if err != nil {
		return nil, err
	}
	setup := buildqueue.Schema + buildqueue.Writer
	for _, suite := range suites {
		setup += fmt.Sprintf("INSERT INTO distributions VALUES ('%s', true);\n", suite)
	}
	for _, arch := range architectures {
		setup += fmt.Sprintf("SELECT add_architecture('%s');\n", arch)
		if role == "views" {
			setup += fmt.Sprintf("REVOKE SELECT ON %s_public.transactions FROM guest;\n", arch)
		}
	}
	if err := s.sql(ctx, "postgres", "CREATE DATABASE "+database); err != nil {
		return nil, err
	}
	if err := s.sql(ctx, database, setup); err != nil {
		return nil, err
	}
	account := role
	if role == "views" {
		account = "guest"
	}
	config := fmt.Sprintf("[bus]\nname = \"dbpoll.torture\"\njournal = %q\n[sign]\nbackend = \"none\"\n[db]\nurl = %q\npreset = \"wanna-build\"\ninterval = \"1s\"\n",
		s.path("journal.db"), s.pg.URL(account, database))
	return s, os.WriteFile(s.path("dbpoll.toml"), []byte(config), 0o600)
}

func (s *site) path(name string) string { return filepath.Join(s.dir, name) }

func (s *site) sql(ctx context.Context, database, text string) error {
	_, err := s.pg.SQL(ctx, "postgres", database, text)
	return err
}

// poll polls once, to its end.
func (s *site) poll(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, s.program, "poll", "--config", s.path("dbpoll.toml"))
	cmd.Stderr = s.log
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("polling: %w", err)
	}
	return nil
}

func (s *site) start() error {
	cmd := exec.Command(s.program, "run", "--config", s.path("dbpoll.toml"))
	cmd.Stderr = s.log
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting dbpoll: %w", err)
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
		return fmt.Errorf("dbpoll ended by itself: %w", errors.Join(err, errors.New("nobody had asked it to")))
	default:
	}
	if err := s.daemon.Process.Kill(); err != nil {
		return fmt.Errorf("killing dbpoll: %w", err)
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
		return fmt.Errorf("stopping dbpoll: %w", err)
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
			return fmt.Errorf("stopping dbpoll: %w", err)
		}
		return nil
	case <-time.After(time.Minute):
		_ = d.Process.Kill()
		<-s.ended
		return errors.New("dbpoll did not end within a minute of SIGTERM")
	}
}

func (s *site) end() error { return errors.Join(s.stop(), s.pg.Stop(), s.log.Close()) }

func (s *site) lastWords() string {
	raw, _ := os.ReadFile(s.path("log"))
	lines := bytes.Split(bytes.TrimSpace(raw), []byte("\n"))
	return string(bytes.Join(lines[max(len(lines)-15, 0):], []byte("\n")))
}
