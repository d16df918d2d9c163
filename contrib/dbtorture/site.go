package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"busbar/contrib/victim"
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
	daemon victim.Victim
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
	s.daemon = victim.Victim{Program: program, Args: []string{"run", "--config", s.path("dbpoll.toml")}, Log: s.log}
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

func (s *site) end() error { return errors.Join(s.daemon.Stop(), s.pg.Stop(), s.log.Close()) }
