package main

import (
	"bytes"
	_ "embed" // the role's SQL
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"

	"busbar/common/program"
	"busbar/common/setup"
)

// roleSQL makes the role: what psql runs (contrib/sql/wanna-build-role.sql is the same).
//
//go:embed role.sql
var roleSQL string

// localPostgres is the PostgreSQL of the machine that is set up.
type localPostgres struct{ *setup.Machine }

// sockets are the folders where PostgreSQL's sockets are, by default and in Debian.
var sockets = []string{"/run/postgresql", "/var/run/postgresql", "/tmp"}

func (l localPostgres) socket() string {
	if l.Root != "" {
		return ""
	}
	for _, dir := range sockets {
		if l.Exists(dir + "/.s.PGSQL.5432") {
			return dir
		}
	}
	return ""
}

// propose is the address of a wanna-build in the PostgreSQL of this machine; "": none.
func (l localPostgres) propose(s *program.Setup) (string, error) {
	dir := l.socket()
	if dir == "" {
		return s.Asker.Ask("The database, such as postgres://busbar@db.example.org/wanna-build", "")
	}
	proposal := ""
	if names, err := l.ask("postgres", "SELECT datname FROM pg_database"); err == nil && slices.Contains(names, presetWannaBuild) {
		proposal = localAddress(dir, presetWannaBuild)
	}
	return s.Asker.Ask("The database", proposal)
}

// psql is PostgreSQL's client as its superuser.
func (l localPostgres) psql(database string, args ...string) *exec.Cmd {
	cmd := exec.Command("runuser", append([]string{"-u", "postgres", "--", "psql", "-h", l.socket(), "-X", "-v", "ON_ERROR_STOP=1", "-d", database}, args...)...)
	cmd.Dir = "/"
	return cmd
}

func (l localPostgres) ask(database, query string) ([]string, error) {
	out, err := l.run(l.psql(database, "-A", "-t", "-q", "-c", query))
	return strings.Fields(out), err
}

func (l localPostgres) run(cmd *exec.Cmd) (string, error) {
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("asking PostgreSQL as its superuser: %w: %s", err, bytes.TrimSpace(errs.Bytes()))
	}
	return out.String(), nil
}

const hasRole = "SELECT 1 FROM pg_roles WHERE rolname = 'busbar'"

// role is the step that makes the role busbar. One that is there is left as it is.
func (l localPostgres) role(level, database string) setup.Step {
	made := false
	return setup.Step{
		Say: fmt.Sprintf("make the role busbar in PostgreSQL, which may only read (level %s of %s)", level, database),
		Done: func() (bool, error) {
			if l.socket() == "" {
				return false, errors.New("no PostgreSQL runs on this machine (make the role where it does, with contrib/sql/wanna-build-role.sql)")
			}
			found, err := l.ask(database, hasRole)
			return len(found) > 0, err
		},
		Do: func() error {
			made = true
			cmd := l.psql(database, "-q", "-v", "level="+level, "-f", "-")
			cmd.Stdin = strings.NewReader(roleSQL)
			_, err := l.run(cmd)
			return err
		},
		Undo: func() error {
			if found, err := l.ask(database, hasRole); !made || err != nil || len(found) == 0 {
				return err
			}
			_, err := l.ask(database, "DROP OWNED BY busbar; DROP ROLE busbar")
			return err
		},
	}
}
