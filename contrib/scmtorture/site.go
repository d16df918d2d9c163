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

// A site is one installation of scmhook in a folder of its own.
type site struct {
	dir, program string
	spool        string

	log   *os.File
	run   *exec.Cmd
	ended chan error
	undo  []func() error
}

func newSite(root, program, act string) (*site, error) {
	s := &site{dir: filepath.Join(root, act), program: program}
	s.spool = s.path("spool")
	for _, dir := range []string{s.dir, s.path("git"), s.spool} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			return nil, err
		}
	}
	var err error
	if s.log, err = os.Create(s.path("log")); err != nil {
		return nil, err
	}
	config := fmt.Sprintf("[bus]\nname = \"scmhook.torture\"\njournal = %q\n[sign]\nbackend = \"none\"\n[scm]\nspool = %q\nrepositories = [%q]\ngrace = \"500ms\"\nreconcile = \"2s\"\npoll = \"1s\"\ncommits = %d\n",
		s.path("journal.db"), s.spool, s.path("git/*.git"), mostTold)
	return s, os.WriteFile(s.path("scmhook.toml"), []byte(config), 0o600)
}

func (s *site) path(name string) string { return filepath.Join(s.dir, name) }

// command runs a command of scmhook.
func (s *site) command(ctx context.Context, args ...string) (string, error) {
	args = append(args, "--config", s.path("scmhook.toml"))
	out, err := exec.CommandContext(ctx, s.program, args...).CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("scmhook %s: %w: %s", args[0], err, out)
	}
	return string(out), nil
}

// start starts the daemon: run, or serve.
func (s *site) start(name string) error {
	cmd := exec.Command(s.program, name, "--config", s.path("scmhook.toml"))
	cmd.Stderr = s.log
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting scmhook: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	s.run, s.ended = cmd, ended
	return nil
}

// kill ends the daemon without a warning. One that had ended by itself is an
// error.
func (s *site) kill() error {
	select {
	case err := <-s.ended:
		s.run = nil
		return fmt.Errorf("scmhook ended by itself: %w", errors.Join(err, errors.New("nobody had asked it to")))
	default:
	}
	if err := s.run.Process.Kill(); err != nil {
		return fmt.Errorf("killing scmhook: %w", err)
	}
	<-s.ended
	s.run = nil
	return nil
}

// stop ends the daemon as an operator does.
func (s *site) stop() error {
	if s.run == nil {
		return nil
	}
	run := s.run
	s.run = nil
	if err := run.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stopping scmhook: %w", err)
	}
	select {
	case err := <-s.ended:
		if err != nil {
			return fmt.Errorf("stopping scmhook: %w", err)
		}
		return nil
	case <-time.After(time.Minute):
		_ = run.Process.Kill()
		<-s.ended
		return errors.New("scmhook did not end within a minute of SIGTERM")
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

// git runs git in a directory, and gives what it prints.
func git(ctx context.Context, dir string, stdin string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(stdin)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null",
		"GIT_AUTHOR_NAME=Nora Ortega", "GIT_AUTHOR_EMAIL=nora@example.org", "GIT_COMMITTER_NAME=Nora Ortega", "GIT_COMMITTER_EMAIL=nora@example.org")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w: %s", args[0], err, stderr.String())
	}
	return strings.TrimSuffix(string(out), "\n"), nil
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

// files are the finished files in the spool.
func (s *site) files() ([]string, error) { return filepath.Glob(s.spool + "/[0-9]*.push") }
