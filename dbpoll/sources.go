package main

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"busbar/common/journal"
	"busbar/common/program"
	"busbar/common/secret"
	"busbar/dbpoll/database"
	"busbar/dbpoll/queue"
)

// sources is everything that the configuration wants polled.
func sources(c Config, log *slog.Logger) ([]*source, error) {
	var list []*source
	if c.DB.Preset == presetWannaBuild {
		s, err := newSource(c, presetWannaBuild, c.DB.URL)
		if err != nil {
			return nil, err
		}
		s.open = func(db *database.DB, j *journal.Journal, m mode) (poller, error) {
			return newQueue(c, s, db, j, m, log), nil
		}
		s.check = func(ctx context.Context, db *database.DB) []program.Finding { return checkQueue(ctx, db, c) }
		list = append(list, s)
	}
	for _, t := range c.Table {
		s, err := newSource(c, tableName(t), cmp.Or(t.URL, c.DB.URL))
		if err != nil {
			return nil, err
		}
		s.open = func(db *database.DB, j *journal.Journal, m mode) (poller, error) {
			return newTable(c, t.spec(c.zone), s, db, j, m, log), nil
		}
		s.check = func(ctx context.Context, db *database.DB) []program.Finding { return checkTable(ctx, db, t) }
		list = append(list, s)
	}
	return list, nil
}

func newSource(c Config, name string, configured secret.URL) (*source, error) {
	url, err := address(configured.Reveal())
	if err != nil {
		return nil, err
	}
	return &source{name: name, wake: make(chan struct{}, 1), db: database.Options{
		URL: url, Application: "busbar " + c.Bus.Name,
		StatementTimeout: time.Duration(c.DB.StatementTimeout), LockTimeout: time.Duration(c.DB.LockTimeout),
	}}, nil
}

// listen wakes the sources up when the server notifies. A lost connection costs
// an interval and no news.
func listen(ctx context.Context, s *source, channel string, log *slog.Logger) {
	const again = 10 * time.Second
	for failed := false; ; {
		err := database.Listen(ctx, s.db, channel, func() {
			failed = false
			select {
			case s.wake <- struct{}{}:
			default: // it is awake
			}
		})
		if ctx.Err() != nil {
			return
		}
		if !failed {
			log.Warn("LISTEN failed; polling at the interval until it works", "channel", channel, "error", err)
		}
		failed = true
		select {
		case <-ctx.Done():
			return
		case <-time.After(again):
		}
	}
}

// buildQueue is the build queue as a poller.
type buildQueue struct{ *queue.Queue }

func newQueue(c Config, s *source, db *database.DB, j *journal.Journal, m mode, log *slog.Logger) poller {
	return buildQueue{queue.Open(queue.Options{
		DB: db, Journal: j, Source: s.name, Architectures: c.DB.Architectures, Zone: c.zone,
		Interval: time.Duration(c.DB.Interval), Full: time.Duration(c.DB.Full), Most: c.DB.Most,
		Once: m == once, Import: m == importing, Wake: s.wake, Log: log,
	})}
}

// Report tells of the polls.
func (q buildQueue) Report() report {
	s, a := q.Stats(), q.Access()
	r := report{
		Level: string(a.Level), Architectures: a.Architectures, Polls: s.Polls, Last: s.Last, Seconds: s.Took.Seconds(),
		Rows: s.Rows, Changes: s.Changes, Pause: s.Pause.Seconds(), Skipped: s.Skipped,
	}
	if s.Odd != nil {
		r.Odd = s.Odd.Error()
	}
	if a.Level != "" {
		r.Meaning = a.Meaning()
	}
	return r
}
