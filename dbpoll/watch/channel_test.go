package watch

import (
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"busbar/adapters/tables"
	"busbar/common/journal"
	"busbar/common/pump"
	"busbar/common/pump/channeltest"
	"busbar/common/translate"
	"busbar/dbpoll/database"
)

// TestChannel holds the watch of a table to what a channel promises.
func TestChannel(t *testing.T) {
	for _, p := range places(t) {
		t.Run(p.name, func(t *testing.T) {
			drivers := map[string]string{"PostgreSQL": "pgx", "MariaDB": "mysql", "SQLite": "sqlite"}
			name := p.url
			switch p.name {
			case "SQLite":
				name = strings.TrimPrefix(p.url, "sqlite:") + "?_pragma=busy_timeout(60000)"
			case "MariaDB":
				name = dataSource(t, p.url)
			}
			writer, err := sql.Open(drivers[p.name], name)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { writer.Close() })
			sources := 0
			channeltest.Run(t, func(t *testing.T) channeltest.Source {
				sources++
				return tableSource(t, p, writer, fmt.Sprintf("tea%d", sources))
			})
		})
	}
}

// dataSource is a URL of MariaDB as its driver has it.
func dataSource(t *testing.T, text string) string {
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	c := mysql.NewConfig()
	c.User, c.Net, c.Addr, c.DBName = u.User.Username(), "tcp", u.Host, strings.TrimPrefix(u.Path, "/")
	if socket := u.Query().Get("socket"); socket != "" {
		c.Net, c.Addr = "unix", socket
	}
	return c.FormatDSN()
}

func tableSource(t *testing.T, p place, writer *sql.DB, table string) channeltest.Source {
	exec := func(statement string) {
		if _, err := writer.Exec(statement); err != nil {
			t.Error(err)
		}
	}
	exec("CREATE TABLE " + table + " (id integer PRIMARY KEY)")
	exec("INSERT INTO " + table + " VALUES (0)")
	wake := make(chan struct{}, 1)
	open := func(j *journal.Journal, once bool) (pump.Channel, func()) {
		db, err := database.Open(t.Context(), database.Options{URL: p.url})
		if err != nil {
			t.Fatal(err)
		}
		return Open(Options{DB: db, Journal: j, Source: "table " + table, Table: tables.Spec{Table: table, Key: []string{"id"}},
			Interval: 10 * time.Millisecond, Full: time.Nanosecond, Once: once, Wake: wake}), func() { db.Close() }
	}
	based := false
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
			exec(fmt.Sprintf("INSERT INTO %s VALUES (%d)", table, n))
			select {
			case wake <- struct{}{}:
			default:
			}
		},
		Number: func(it translate.Item[any]) int {
			n, _ := strconv.Atoi(it.Value.(tables.Change).After.Text("id"))
			return n
		},
		Break: func() func() {
			exec("ALTER TABLE " + table + " RENAME TO away")
			return func() { exec("ALTER TABLE away RENAME TO " + table) }
		},
		Unordered: p.name != "SQLite", // no server promises an order
	}
}
