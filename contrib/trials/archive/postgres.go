package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"busbar/common/archive"
	"busbar/contrib/trials/trial"
	"busbar/fixtures/cluster"
)

// settings are those of a server that keeps what it has, on a machine that has other work.
var settings = []string{
	"fsync = on", "full_page_writes = on", "shared_buffers = '256MB'", "maintenance_work_mem = '128MB'", "max_wal_size = '2GB'",
	"wal_compression = on", "checkpoint_timeout = '15min'", "random_page_cost = 1.1", "effective_cache_size = '4GB'", "jit = off",
}

const (
	database = "copied"
	// timeout is what the archive's own reader takes for a question.
	timeout = 2 * time.Second
)

// postgres copies the archive into a server of its own, which is kept beside it, and asks
// both the same questions.
func (b *bench) postgres(ctx context.Context, s *trial.Site) (string, error) {
	dir := filepath.Join(filepath.Dir(b.path), "postgres")
	server, err := cluster.StartPostgres(ctx, dir, cluster.PostgresOptions{Settings: settings})
	if err != nil {
		return "", err
	}
	s.Undo(server.Stop)
	if out, err := server.SQL(ctx, "postgres", "postgres", "SELECT 1 FROM pg_database WHERE datname = '"+database+"'"); err != nil {
		return "", err
	} else if strings.TrimSpace(out) == "" {
		if _, err := server.SQL(ctx, "postgres", "postgres", "CREATE DATABASE "+database); err != nil {
			return "", err
		}
	}
	db, err := pgx.Connect(ctx, server.URL("postgres", database))
	if err != nil {
		return "", err
	}
	defer db.Close(context.WithoutCancel(ctx))
	copied, err := b.copy(ctx, s, db, server.URL("postgres", database))
	if err != nil {
		return "", err
	}
	size, err := sizes(ctx, s, db, dir)
	if err != nil {
		return "", err
	}
	answers, err := b.compare(ctx, s, db)
	return copied + "; " + size + "; " + answers, err
}

// copy runs the product's own copying, until it has all.
func (b *bench) copy(ctx context.Context, s *trial.Site, db *pgx.Conn, url string) (string, error) {
	if err := s.Configure("bus", "[bus]\n[sign]\nbackend = \"none\"\n"); err != nil {
		return "", err
	}
	before, err := arrival(ctx, db)
	if err != nil {
		return "", err
	}
	cmd := s.Command(ctx, "bus", "archive", "copy", "--archive", b.path, "--to", url)
	// Told to end, it ends between two transactions.
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return "", err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	told, last := before, began
	var pid int // of the process that stores for it
	var stored time.Duration
	every := time.NewTicker(time.Second)
	defer every.Stop()
	for {
		select {
		case err = <-ended:
		case <-every.C:
			at, err := arrival(ctx, db)
			if pid == 0 && err == nil {
				_ = db.QueryRow(ctx, "SELECT pid FROM pg_stat_activity WHERE application_name = 'bus archive copy' AND datname = current_database()").Scan(&pid)
			}
			if pid != 0 {
				stored = max(stored, running(pid))
			}
			if err == nil && at-told >= 2*step {
				fmt.Fprintf(s.Out, "  copied up to %d: %.0f a second, memory at most %s\n", at, float64(at-told)/time.Since(last).Seconds(), trial.Peak(cmd.Process.Pid))
				told, last = at, time.Now()
			}
			continue
		}
		break
	}
	took := time.Since(began)
	if err != nil {
		return "", fmt.Errorf("copying: %w", err)
	}
	after, err := arrival(ctx, db)
	if err != nil {
		return "", err
	}
	text := fmt.Sprintf("%d messages copied", after-before)
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok && after > before {
		text += fmt.Sprintf(", %.0f a second, processor time each: the copier %d µs, the server about %d µs; the copier's memory at most %d MiB", float64(after-before)/took.Seconds(),
			(cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime()).Microseconds()/(after-before), stored.Microseconds()/(after-before), usage.Maxrss>>10)
	}
	// As the server does by itself some time later: figures do not depend on when.
	began = time.Now()
	if _, err := db.Exec(ctx, "VACUUM (ANALYZE) busbar.stored, busbar.about, busbar.names"); err != nil {
		return "", fmt.Errorf("looking over the copy: %w", err)
	}
	return text + fmt.Sprintf("; VACUUM (ANALYZE) %.0f s", time.Since(began).Seconds()), nil
}

// running is the processor time of a process; 0 where it has ended.
func running(pid int) time.Duration {
	if _, err := os.Stat(fmt.Sprintf("/proc/%d", pid)); err != nil {
		return 0
	}
	return trial.CPU(pid)
}

// arrival is up to where the copy goes; 0 where none is yet.
func arrival(ctx context.Context, db *pgx.Conn) (n int64, err error) {
	err = db.QueryRow(ctx, "SELECT value::bigint FROM busbar.meta WHERE name = 'arrival'").Scan(&n)
	if e, ok := errors.AsType[*pgconn.PgError](err); ok && (e.Code == "42P01" || e.Code == "3F000") {
		return 0, nil
	}
	return n, err
}

// sizes says what a message takes on disk, of which table and index.
func sizes(ctx context.Context, s *trial.Site, db *pgx.Conn, dir string) (string, error) {
	var messages, whole int64
	if err := db.QueryRow(ctx, "SELECT count(*), pg_database_size(current_database()) FROM busbar.messages").Scan(&messages, &whole); err != nil {
		return "", err
	}
	if messages == 0 {
		return "nothing is there", nil
	}
	rows, err := db.Query(ctx, `SELECT relname, pg_relation_size(c.oid) + coalesce(pg_total_relation_size(nullif(reltoastrelid, 0)), 0) FROM pg_class c
		WHERE relnamespace = 'busbar'::regnamespace AND relkind IN ('r', 'i') ORDER BY 2 DESC`)
	if err != nil {
		return "", err
	}
	var each []string
	var relation string
	var size int64
	_, err = pgx.ForEachRow(rows, []any{&relation, &size}, func() error {
		if size >= messages { // less than a byte each is not worth a word
			each = append(each, fmt.Sprintf("%s %d", relation, size/messages))
		}
		return nil
	})
	fmt.Fprintf(s.Out, "  bytes for each message: %s\n", strings.Join(each, ", "))
	var onDisk int64
	werr := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return ignoreGone(err)
		}
		info, err := d.Info()
		if err == nil {
			onDisk += info.Size()
		}
		return ignoreGone(err)
	})
	return fmt.Sprintf("%d messages of %d bytes each in the database, %d MiB on disk with the server's log", messages, whole/messages, onDisk>>20), errors.Join(err, werr)
}

// ignoreGone: a server removes files while one looks.
func ignoreGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// compare asks the archive's reader and the server the same questions.
func (b *bench) compare(ctx context.Context, s *trial.Site, db *pgx.Conn) (string, error) {
	reader, err := archive.OpenReader(ctx, b.path)
	if err != nil {
		return "", err
	}
	defer reader.Close()
	if err := b.speaker.looked(ctx, reader); err != nil {
		return "", err
	}
	var pid int
	// Each question is planned by itself, as one that a person writes.
	if _, err := db.Exec(ctx, fmt.Sprintf("SET search_path = busbar; SET plan_cache_mode = force_custom_plan; SET statement_timeout = %d", timeout.Milliseconds())); err != nil {
		return "", err
	}
	if err := db.QueryRow(ctx, "SELECT pg_backend_pid()").Scan(&pid); err != nil {
		return "", err
	}
	var ours, theirs trial.Times
	var differ []string
	cut := 0
	for i, q := range asked {
		lite, there, failed, err := b.both(ctx, reader, db, i)
		if err != nil {
			return "", fmt.Errorf("asking for %s: %w", q.name, err)
		}
		same := "the same messages"
		switch {
		case there.without != "":
			same = there.without
		case there.differ > 0:
			same = fmt.Sprintf("%d DIFFER", there.differ)
			differ = append(differ, q.name)
		}
		if failed > 0 {
			same += fmt.Sprintf("; %d took longer than %s", failed, timeout)
		}
		cut += failed
		fmt.Fprintf(s.Out, "  %-30s SQLite %s\n  %-30s PostgreSQL %s; %.1f messages; %s\n", q.name, lite, "", there.times, float64(there.found)/float64(b.o.runs), same)
		ours, theirs = append(ours, lite...), append(theirs, there.times...)
	}
	text := fmt.Sprintf("%d kinds of questions: SQLite %s; PostgreSQL %s; cut short by the time-out: %d; the process that answers has at most %s, shared buffers included",
		len(asked), ours, theirs, cut, trial.Peak(pid))
	if len(differ) > 0 {
		return text, trial.Broken(fmt.Errorf("PostgreSQL has other messages of: %s", strings.Join(differ, ", ")))
	}
	return text, nil
}

// An answered is how the server answered one kind of question.
type answered struct {
	times         trial.Times
	found, differ int
	without       string // what it knows less of, by design
}

// both asks one kind of question of both: one after the other, so that neither's memory is
// in the other's way.
func (b *bench) both(ctx context.Context, reader *archive.Reader, db *pgx.Conn, kind int) (lite trial.Times, there answered, failed int, err error) {
	draws := func(ask func(n int, q archive.Query) error) error {
		r := rand.New(rand.NewPCG(b.o.Seed, uint64(kind))) // as questions does
		for n := range b.o.runs {
			if err := ask(n, asked[kind].draw(b.speaker.draw(r))); err != nil {
				return err
			}
		}
		return nil
	}
	want := make([][]int64, b.o.runs)
	err = draws(func(n int, q archive.Query) error {
		began := time.Now()
		page, err := reader.Find(ctx, q)
		lite = append(lite, time.Since(began))
		for _, m := range page.Messages {
			want[n] = append(want[n], m.N)
		}
		if page.Cut {
			want[n] = nil
		}
		return err
	})
	if err != nil {
		return nil, there, 0, err
	}
	err = draws(func(n int, q archive.Query) error {
		sql, err := sqlOf(q)
		if err != nil {
			return err
		}
		there.without = sql.without
		began := time.Now()
		got, err := sql.ask(ctx, db)
		there.times = append(there.times, time.Since(began))
		if e, ok := errors.AsType[*pgconn.PgError](err); ok && e.Code == "57014" {
			failed++
			return nil
		}
		there.found += len(got)
		if want[n] != nil && !slices.Equal(got, want[n]) {
			there.differ++
		}
		return err
	})
	return lite, there, failed, err
}
