// Dbbench measures what polling a large table costs: time, memory of dbpoll, and
// processor time of the database, with nothing changed and with a hundred
// changes, beside what the server needs to count, to digest and to send the
// same rows.
//
//	go run ./contrib/trials/dbbench              # two million rows
//	go run ./contrib/trials/dbbench -rows 100000
//
// A private PostgreSQL and the real dbpoll run in a temporary folder, on
// 127.0.0.1. Other work on the machine shows in the figures.
//
// Not here: whether what is told is right (contrib/trials/db).
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"busbar/contrib/trials/trial"
	"busbar/fixtures/cluster"
)

func main() {
	rows := flag.Int("rows", 2_000_000, "rows of the table")
	trial.Main("dbbench", time.Hour, func(ctx context.Context) error { return run(ctx, os.Stdout, *rows) })
}

// A bench is a table in a private server, and a folder.
type bench struct {
	*trial.Site
	out    io.Writer
	server *cluster.Postgres
	dbpoll *trial.Victim
}

func run(ctx context.Context, out io.Writer, rows int) (err error) {
	dir, err := os.MkdirTemp("", "dbbench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := trial.Build(ctx, dir, "dbpoll"); err != nil {
		return err
	}
	b := &bench{out: out}
	if b.Site, err = trial.NewSite(filepath.Join(dir, "site"), dir); err != nil {
		return err
	}
	defer func() {
		if err = errors.Join(err, b.End()); err != nil {
			err = fmt.Errorf("%w; the last words in its log:\n%s", err, b.LastWords())
		}
	}()
	b.dbpoll = b.Daemon("dbpoll", "run")
	if b.server, err = cluster.StartPostgres(ctx, filepath.Join(dir, "pg"), cluster.PostgresOptions{}); err != nil {
		return err
	}
	b.Undo(b.server.Stop)
	fmt.Fprintf(out, "%d rows\n%-44s %9s %9s %9s\n", rows, "", "seconds", "db cpu s", "rss MiB")
	if _, err := b.server.SQL(ctx, "postgres", "postgres", fmt.Sprintf(table, rows)); err != nil {
		return err
	}
	for _, q := range []struct{ name, statement string }{
		{"SELECT count(*)", "SELECT count(*) FROM state"},
		{"digest of every row, on the server", "SELECT bit_xor(hashtextextended(s::text, 0)) FROM state s"},
		{"SELECT *, thrown away", `\o /dev/null` + "\n\\set FETCH_COUNT 5000\nSELECT * FROM state"},
	} {
		if err := b.query(ctx, q.name, q.statement); err != nil {
			return err
		}
	}
	return b.polls(ctx)
}

// table is like the build queue's: short words, and now and then a long text.
const table = `
CREATE TABLE state (architecture text, package text, distribution text, version text, state text, section text, priority text,
	installed_version text, previous_state text, state_change timestamp, notes text, builder text, failed text, buildpri integer,
	PRIMARY KEY (architecture, package, distribution));
INSERT INTO state SELECT 'arch' || i %% 20, 'package-' || i / 20, 'sid', '1.' || i %% 97 || '-1', 'Installed', 'misc', 'optional',
	'1.' || i %% 97 || '-1', 'Uploaded', timestamp '2026-01-01' + i * interval '1 second', NULL, 'builder-' || i %% 50,
	CASE WHEN i %% 100 = 0 THEN repeat('the test suite fails; ', 40) END, NULL FROM generate_series(1, %d) i;
VACUUM ANALYZE state;
`

// query measures one statement in a session of its own.
func (b *bench) query(ctx context.Context, name, statement string) error {
	cpu, err := b.ended()
	if err != nil {
		return err
	}
	began := time.Now()
	if _, err := b.server.SQL(ctx, "postgres", "postgres", statement+";\n"); err != nil {
		return err
	}
	took := time.Since(began)
	time.Sleep(200 * time.Millisecond) // the server's process ends
	after, err := b.ended()
	if err != nil {
		return err
	}
	b.line(name, took.Seconds(), after-cpu, 0)
	return nil
}

func (b *bench) line(name string, seconds, cpu, rss float64) {
	fmt.Fprintf(b.out, "%-44s %9.2f %9.2f", name, seconds, cpu)
	if rss > 0 {
		fmt.Fprintf(b.out, " %9.0f", rss)
	}
	fmt.Fprintln(b.out)
}
