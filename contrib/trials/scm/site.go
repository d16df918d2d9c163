package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"busbar/contrib/trials/trial"
)

// A site is one installation of scmhook.
type site struct {
	*trial.Site
	spool  string
	daemon *trial.Victim // scmhook run
}

func install(at *trial.Site) (*site, error) {
	s := &site{Site: at, spool: at.Path("spool"), daemon: at.Daemon("scmhook", "run")}
	if err := s.Mkdir("git", "spool"); err != nil {
		return nil, err
	}
	return s, s.Configure("scmhook", "[bus]\nname = \"scmhook.trial\"\njournal = %q\n[sign]\nbackend = \"none\"\n[scm]\nspool = %q\nrepositories = [%q]\ngrace = \"500ms\"\nreconcile = \"2s\"\npoll = \"1s\"\ncommits = %d\n",
		s.journal(), s.spool, s.Path("git/*.git"), mostTold)
}

func (s *site) journal() string { return s.Path("journal.db") }

// command runs a command of scmhook.
func (s *site) command(ctx context.Context, args ...string) (string, error) {
	cmd := s.Command(ctx, "scmhook", args...)
	cmd.Stdout, cmd.Stderr = nil, nil
	out, err := cmd.CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("scmhook %s: %w: %s", args[0], err, out)
	}
	return string(out), nil
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

// files are the finished files in the spool.
func (s *site) files() ([]string, error) { return filepath.Glob(s.spool + "/[0-9]*.push") }
