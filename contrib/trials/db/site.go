package main

import (
	"context"
	"fmt"

	"busbar/contrib/trials/trial"
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
	*trial.Site
	pg     *cluster.Postgres
	what   string          // what the act did, for its line
	lost   map[string]bool // events of changes that a restore undid
	daemon *trial.Victim
}

func install(ctx context.Context, at *trial.Site, role string) (*site, error) {
	s := &site{Site: at, lost: map[string]bool{}, daemon: at.Daemon("dbpoll", "run")}
	var err error
	s.pg, err = cluster.StartPostgres(ctx, s.Path("pg"), cluster.PostgresOptions{Settings: []string{"max_connections = 50"}})
	if err != nil {
		return nil, err
	}
	s.Undo(s.pg.Stop)
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
	return s, s.Configure("dbpoll", "[bus]\nname = \"dbpoll.trial\"\njournal = %q\n[sign]\nbackend = \"none\"\n[db]\nurl = %q\npreset = \"wanna-build\"\ninterval = \"1s\"\n",
		s.Path("journal.db"), s.pg.URL(account, database))
}

func (s *site) sql(ctx context.Context, database, text string) error {
	_, err := s.pg.SQL(ctx, "postgres", database, text)
	return err
}

// poll polls once, to its end.
func (s *site) poll(ctx context.Context) error { return s.Run(ctx, "dbpoll", "poll") }
