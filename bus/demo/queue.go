package demo

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"time"

	_ "modernc.org/sqlite" // the driver

	"busbar/fixtures/buildqueue"
	"busbar/fixtures/cluster"
)

// A buildQueue is the database of a small build service.
type buildQueue interface {
	io.Closer
	url() string  // for dbpoll
	what() string // for people
	run(ctx context.Context, statements string) error
	restore(ctx context.Context) error // puts a copy in its place, while nobody looks
}

// openQueue makes a private PostgreSQL, where its programs are there, else a
// SQLite file.
func (d *demo) openQueue(ctx context.Context, sqlite bool) (err error) {
	if _, found := cluster.FindPostgres(); sqlite || !found {
		d.queue, err = openSQLiteQueue(ctx, d.path("queue.db"))
	} else {
		d.queue, err = openPostgresQueue(ctx, d.path("postgresql"))
	}
	if err == nil {
		d.opened = append(d.opened, d.queue)
	}
	return err
}

func (d *demo) queueTables() string {
	return fmt.Sprintf("[db]\nurl = %q\npreset = \"wanna-build\"\ninterval = \"1s\"\n", d.queue.url())
}

func openPostgresQueue(ctx context.Context, dir string) (buildQueue, error) {
	p, err := cluster.StartPostgres(ctx, dir, cluster.PostgresOptions{})
	if err != nil {
		return nil, err
	}
	q := &postgresQueue{p: p, database: "postgres"}
	if _, err := p.SQL(ctx, "postgres", "postgres", buildqueue.Schema+postgresExtra+beginning); err != nil {
		q.Close()
		return nil, err
	}
	return q, nil
}

const postgresExtra = "\nINSERT INTO distributions (distribution) VALUES ('sid');\nSELECT add_architecture('amd64'), add_architecture('arm64');\n"

type postgresQueue struct {
	p        *cluster.Postgres
	database string
}

func (q *postgresQueue) url() string { return q.p.URL("wbadm", q.database) }

func (q *postgresQueue) what() string {
	return fmt.Sprintf("a build queue changes in a private PostgreSQL (process %d)", q.p.PID())
}

func (q *postgresQueue) run(ctx context.Context, statements string) error {
	_, err := q.p.SQL(ctx, "wbadm", q.database, statements)
	return err
}

func (q *postgresQueue) restore(ctx context.Context) error {
	q.database = "restored"
	_, err := q.p.SQL(ctx, "postgres", "template1", "CREATE DATABASE restored TEMPLATE postgres")
	return err
}

func (q *postgresQueue) Close() error { return q.p.Stop() }

type sqliteQueue struct {
	path string
	db   *sql.DB
}

func openSQLiteQueue(ctx context.Context, path string) (buildQueue, error) {
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(10000)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	q := &sqliteQueue{path: path, db: db}
	if err := q.run(ctx, sqliteSchema+beginning); err != nil {
		db.Close()
		return nil, err
	}
	return q, nil
}

func (q *sqliteQueue) url() string { return "sqlite:" + q.path }

func (q *sqliteQueue) what() string { return "a build queue changes in SQLite" }

func (q *sqliteQueue) run(ctx context.Context, statements string) error {
	_, err := q.db.ExecContext(ctx, statements)
	return err
}

func (q *sqliteQueue) restore(ctx context.Context) error {
	q.path += ".restored"
	return q.run(ctx, "VACUUM INTO "+quote(q.path))
}

func (q *sqliteQueue) Close() error { return q.db.Close() }

// sqliteSchema is the queue's tables as far as SQLite can have them.
const sqliteSchema = `
CREATE TABLE packages (
	architecture text NOT NULL, package text NOT NULL, distribution text NOT NULL, version text, state text,
	section text, priority text, installed_version text, previous_state text, state_change text, notes text,
	builder text, failed text, old_failed text, binary_nmu_version integer, binary_nmu_changelog text,
	failed_category text, permbuildpri integer, buildpri integer, depends text, rel text, bd_problem text,
	extra_depends text, extra_conflicts text, build_arch_all boolean DEFAULT false,
	PRIMARY KEY (architecture, package, distribution));
CREATE TABLE transactions (
	architecture text, package text, distribution text, version text, action text, prevstate text, state text,
	real_user text, set_user text, time text);
CREATE TABLE pkg_history (
	architecture text NOT NULL, package text NOT NULL, distribution text NOT NULL, version text NOT NULL,
	timestamp text NOT NULL, result text NOT NULL, build_time integer, disk_space integer, builder text,
	PRIMARY KEY (architecture, package, distribution, version, timestamp));
`

// stamp is a time as the database prints it.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05.000000") }
