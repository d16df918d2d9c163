package main

import (
	"log/slog"
	"time"

	"busbar/adapters/tables"
	"busbar/common/journal"
	"busbar/dbpoll/database"
	"busbar/dbpoll/watch"
)

// comparing is what the account may read of a table, if it may read it.
const comparing = "table"

// watched is a table as a poller.
type watched struct{ *watch.Watch }

func newTable(c Config, spec tables.Spec, s *source, db *database.DB, j *journal.Journal, m mode, log *slog.Logger) poller {
	return watched{watch.Open(watch.Options{
		DB: db, Journal: j, Source: s.name, Table: spec,
		Interval: time.Duration(c.DB.Interval), Full: time.Duration(c.DB.Full), Most: c.DB.Most,
		Once: m == once, Import: m == importing, Wake: s.wake, Log: log,
	})}
}

// Report tells of the polls.
func (w watched) Report() report {
	s := w.Stats()
	r := report{
		Polls: s.Polls, Last: s.Last, Seconds: s.Took.Seconds(), Rows: s.Rows, Changes: s.Changes,
		Pause: s.Pause.Seconds(), Skipped: s.Skipped,
	}
	if s.Odd != nil {
		r.Odd = s.Odd.Error()
	}
	if s.Polls > 0 {
		r.Level = comparing
		r.Meaning = []string{"The outcome is always published; changes reverted between two polls are not detected, and who did it is not known."}
	}
	return r
}
