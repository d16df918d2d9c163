package watch

import (
	"database/sql"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"busbar/adapters/tables"
	"busbar/common/journal"
	"busbar/common/pump"
	"busbar/common/pump/channeltest"
	"busbar/common/translate"
	"busbar/dbpoll/database"
)

// TestChannel holds the watch of a table to what a channel promises.
func TestChannel(t *testing.T) { channeltest.Run(t, tableSource) }

func tableSource(t *testing.T) channeltest.Source {
	file := filepath.Join(t.TempDir(), "tea.db")
	lite, err := sql.Open("sqlite", file+"?_pragma=busy_timeout(60000)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { lite.Close() })
	exec := func(format string, args ...any) {
		if _, err := lite.Exec(fmt.Sprintf(format, args...)); err != nil {
			t.Error(err)
		}
	}
	exec("CREATE TABLE tea (id integer PRIMARY KEY); INSERT INTO tea VALUES (0)")
	open := func(j *journal.Journal, once bool) (pump.Channel, func()) {
		db, err := database.Open(t.Context(), database.Options{URL: "sqlite:" + file})
		if err != nil {
			t.Fatal(err)
		}
		return Open(Options{DB: db, Journal: j, Source: "table tea", Table: tables.Spec{Table: "tea", Key: []string{"id"}},
			Interval: 10 * time.Millisecond, Full: time.Nanosecond, Once: once}), func() { db.Close() }
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
		Add:  func(n int) { exec("INSERT INTO tea VALUES (%d)", n) },
		Number: func(it translate.Item[any]) int {
			n, _ := strconv.Atoi(it.Value.(tables.Change).After.Text("id"))
			return n
		},
		Break: func() func() {
			exec("ALTER TABLE tea RENAME TO away")
			return func() { exec("ALTER TABLE away RENAME TO tea") }
		},
	}
}
