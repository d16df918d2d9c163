package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"busbar/adapters/wannabuild"
	"busbar/common/event"
	"busbar/common/journal"
	"busbar/common/pump"
	"busbar/common/translate"
	"busbar/dbpoll/database"
	"busbar/fixtures/buildqueue"
	"busbar/fixtures/cluster"
)

// server is one PostgreSQL for all tests; each has a database of its own.
var (
	server    *cluster.Postgres
	databases atomic.Int64
)

func TestMain(m *testing.M) { os.Exit(withServer(m.Run)) }

func withServer(run func() int) int {
	dir, err := os.MkdirTemp("", "busbar-queue-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	server, err = cluster.StartPostgres(context.Background(), filepath.Join(dir, "pg"), cluster.PostgresOptions{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer server.Stop()
	// The tests' schemas are made at the same time; roles belong to all of them.
	if _, err := server.SQL(context.Background(), "postgres", "postgres", "CREATE ROLE wbadm LOGIN; CREATE ROLE guest LOGIN;"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return run()
}

// A site is a build queue with a poller beside it.
type site struct {
	t       *testing.T
	name    string // of the database
	journal string // its file
	role    string
	url     string
	logs    strings.Builder
	now     func() time.Time
}

func newSite(t *testing.T, role string) *site {
	t.Helper()
	s := &site{t: t, name: fmt.Sprintf("queue%d", numbered()), journal: filepath.Join(t.TempDir(), "journal.db"), role: role}
	s.sqlIn("postgres", "CREATE DATABASE "+s.name)
	s.setup()
	if role == "views" { // a guest who may not read the log
		role = "guest"
		s.sql("REVOKE SELECT ON amd64_public.transactions, arm64_public.transactions FROM guest")
	}
	s.url = server.URL(role, s.name)
	return s
}

func (s *site) setup() {
	s.t.Helper()
	s.sql(buildqueue.Schema)
	s.sql(buildqueue.Writer)
	s.sql("INSERT INTO distributions VALUES ('sid', true), ('secret', false); SELECT add_architecture('amd64'); SELECT add_architecture('arm64');")
}

func numbered() int64 { return databases.Add(1) }

func (s *site) sqlIn(database, text string) string {
	s.t.Helper()
	out, err := server.SQL(context.Background(), "postgres", database, text)
	if err != nil {
		s.t.Fatal(err)
	}
	return strings.TrimSpace(out)
}

func (s *site) sql(text string) string { s.t.Helper(); return s.sqlIn(s.name, text) }

// act is one action on one package.
func (s *site) act(pkg, action, state string) {
	s.t.Helper()
	s.sql(fmt.Sprintf("SELECT act('amd64', 'sid', '%s', '1-1', '%s', '%s', 'buildd')", pkg, action, state))
}

// running is a poller that stays, as the daemon does.
type running struct {
	s *site
	q *Queue
	j *journal.Journal
	p *pump.Pump
}

func (s *site) start(change func(*Options)) *running {
	s.t.Helper()
	ctx := context.Background()
	j, err := journal.Open(ctx, journal.Options{Path: s.journal, Identity: journal.Identity{Prefix: "org.example", Environment: "dev", Name: "queue", Username: "dbpoll"}})
	if err != nil {
		s.t.Fatal(err)
	}
	db, err := database.Open(ctx, database.Options{URL: s.url, Application: "dbpoll test", Fetch: 7, StatementTimeout: time.Minute})
	if err != nil {
		s.t.Fatal(err)
	}
	o := Options{DB: db, Journal: j, Source: "wanna-build", Once: true, Interval: time.Millisecond, Log: slog.New(slog.NewTextHandler(&s.logs, nil)), Now: s.now}
	if change != nil {
		change(&o)
	}
	r := &running{s: s, q: Open(o), j: j}
	tr := wannabuild.Translator(time.UTC)
	r.p = &pump.Pump{
		Channel: r.q, Journal: j, Source: o.Source,
		Table: []translate.Translator[any]{translate.Of(tr)},
		Log:   o.Log,
	}
	return r
}

// poll is one poll of a poller that stays.
func (r *running) poll() {
	r.s.t.Helper()
	if err := r.try(); err != nil {
		r.s.t.Fatalf("polling: %v", err)
	}
}

// try is a poll that may fail.
func (r *running) try() error {
	r.q.round.count, r.q.round.last = 0, 0
	failed := make(chan error, 1)
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	r.p.OnErr = func(err error) {
		if err != nil {
			select {
			case failed <- err:
			default:
			}
			cancel()
		}
	}
	err := r.p.Run(ctx)
	select {
	case werr := <-failed:
		err = errors.Join(err, werr)
	default:
	}
	return err
}

func (r *running) stop() {
	r.s.t.Helper()
	if err := errors.Join(r.j.Close(), r.q.o.DB.Close()); err != nil {
		r.s.t.Fatal(err)
	}
}

// poll is one poll of a poller that is started for it.
func (s *site) poll() {
	s.t.Helper()
	r := s.start(nil)
	r.poll()
	r.stop()
}

// told is every event so far, by id: topic and what it says.
func (s *site) told() map[string]string {
	s.t.Helper()
	ctx := context.Background()
	r, err := journal.OpenReader(ctx, s.journal)
	if err != nil {
		s.t.Fatal(err)
	}
	defer r.Close()
	all := map[string]string{}
	for seq := int64(0); ; {
		batch, err := r.After(ctx, seq, 500)
		if err != nil {
			s.t.Fatal(err)
		}
		if len(batch) == 0 {
			break
		}
		for _, m := range batch {
			seq = m.Seq
			_, e, err := event.ParseMessage(m.Wire)
			if err != nil {
				s.t.Fatal(err)
			}
			body, _ := e.Msg.(map[string]any)
			all[m.ID] = fmt.Sprintf("%s %v %v %v %v", strings.TrimPrefix(m.Topic, "org.example.dev.wannabuild."), body["package"], body["architecture"], body["changed"], body["suite"])
			if e.Recovered {
				all[m.ID] += " recovered"
			}
		}
	}
	c, err := r.Counts(ctx)
	if err != nil || c.Poisoned > 0 {
		s.t.Fatalf("%d changes are poison (%v)", c.Poisoned, err)
	}
	return all
}

// versions is what version the last event of each topic tells.
func (s *site) versions(topics ...string) map[string]string {
	s.t.Helper()
	r, err := journal.OpenReader(context.Background(), s.journal)
	if err != nil {
		s.t.Fatal(err)
	}
	defer r.Close()
	batch, err := r.After(context.Background(), 0, 1000)
	if err != nil {
		s.t.Fatal(err)
	}
	said := map[string]string{}
	for _, m := range batch {
		_, e, err := event.ParseMessage(m.Wire)
		if err != nil {
			s.t.Fatal(err)
		}
		topic := strings.TrimPrefix(m.Topic, "org.example.dev.wannabuild.")
		if body, _ := e.Msg.(map[string]any); slices.Contains(topics, topic) {
			said[topic] = fmt.Sprint(body["version"])
		}
	}
	return said
}

// topics counts what was published beyond before.
func (s *site) topics(before map[string]string) []string {
	s.t.Helper()
	var list []string
	for id, what := range s.told() {
		if _, old := before[id]; !old {
			list = append(list, strings.Join(strings.Fields(what)[:2], " "))
		}
	}
	slices.Sort(list)
	return list
}
