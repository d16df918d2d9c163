package queue

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"busbar/adapters/wannabuild"
	"busbar/common/journal"
	"busbar/common/pump"
	"busbar/common/pump/channeltest"
	"busbar/common/translate"
	"busbar/dbpoll/database"
)

// TestChannel holds the queue to what a channel promises, in each way to read it.
func TestChannel(t *testing.T) {
	for _, role := range []string{"wbadm", "guest", "views"} {
		t.Run(role, func(t *testing.T) {
			s := newSite(t, role)
			writer, err := pgconn.Connect(t.Context(), server.URL("postgres", s.name))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { writer.Close(context.Background()) })
			sources := 0
			channeltest.Run(t, func(t *testing.T) channeltest.Source {
				sources++
				return queueSource(t, s, writer, fmt.Sprintf("tea%d-", sources))
			})
		})
	}
}

// queueSource is a site whose items are what becomes of packages of a name of their
// own.
func queueSource(t *testing.T, s *site, writer *pgconn.PgConn, prefix string) channeltest.Source {
	exec := func(text string) {
		if _, err := writer.Exec(context.Background(), text).ReadAll(); err != nil {
			t.Error(err)
		}
	}
	wake := make(chan struct{}, 1)
	open := func(j *journal.Journal, once bool) (pump.Channel, func()) {
		db, err := database.Open(t.Context(), database.Options{URL: s.url, StatementTimeout: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		return Open(Options{DB: db, Journal: j, Source: "wanna-build", Interval: 10 * time.Millisecond, Once: once, Wake: wake}), func() { db.Close() }
	}
	number := func(it translate.Item[any]) int {
		_, name, _ := strings.Cut(it.Origin, prefix)
		n, _ := strconv.Atoi(name)
		return n
	}
	based := false
	var newest atomic.Int64 // of the items that came out as news
	return channeltest.Source{
		Open: func(j *journal.Journal) (pump.Channel, func()) {
			if !based {
				first, end := open(j, true)
				defer end()
				if _, _, _, err := first.Next(t.Context()); !errors.Is(err, io.EOF) {
					t.Fatalf("recording the baseline: %v", err)
				}
				based = true
			}
			return open(j, false)
		},
		Once: func(j *journal.Journal) (pump.Channel, func()) { return open(j, true) },
		Add: func(n int) {
			exec(fmt.Sprintf("SELECT act('amd64', 'sid', '%s%d', '1-1', '--take', 'Building', 'x')", prefix, n))
			select {
			case wake <- struct{}{}:
			default:
			}
		},
		Number: func(it translate.Item[any]) int {
			n := number(it)
			if c := it.Value.(wannabuild.Change); c.Log != nil && c.Recovered && it.States == nil {
				// It is stored, and comes once more after a start: a row of the log
				// that was committed late would look alike, and the journal knows by
				// the id which it is.
				if int64(n) > newest.Load() {
					t.Errorf("item %d came out as one that is stored, and was never news", n)
				}
				return 0
			}
			newest.Store(max(newest.Load(), int64(n)))
			return n
		},
		Break: func() func() {
			s.sqlIn("postgres", "ALTER DATABASE "+s.name+" ALLOW_CONNECTIONS false")
			exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
			return func() { s.sqlIn("postgres", "ALTER DATABASE "+s.name+" ALLOW_CONNECTIONS true") }
		},
		Unordered: s.role == "views", // who compares alone
		Position:  "wanna-build",
	}
}
