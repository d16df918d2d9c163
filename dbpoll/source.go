package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"busbar/common/exit"
	"busbar/common/program"
	"busbar/common/progress"
	"busbar/common/pump"
	"busbar/common/secret"
	"busbar/common/translate"
	"busbar/dbpoll/compare"
	"busbar/dbpoll/database"
	"busbar/dbpoll/queue"
	"busbar/dbpoll/watch"
)

// A poller is a channel of changed rows that can tell of its work.
type poller interface {
	pump.Channel
	Stats() compare.Stats
}

// A polled is something that is polled: the build queue, or a table.
type polled struct {
	name   string // of its position
	url    secret.URL
	table  *TableConfig // nil: the build queue
	canary bool         // it was made for canaries
}

// polled is everything that is polled.
func (c *Config) polled() []polled {
	var list []polled
	if c.DB.Preset == presetWannaBuild {
		list = append(list, polled{name: presetWannaBuild, url: c.DB.URL})
	}
	for _, t := range c.Table {
		list = append(list, polled{name: tableName(t), url: cmp.Or(t.URL, c.DB.URL), table: &t})
	}
	if c.Canary.Table != "" {
		list = append(list, c.canaries())
	}
	return list
}

// Sources are the build queue and the tables.
func (c *Config) Sources(log *slog.Logger) []*program.Source {
	if err := c.something(); err != nil {
		return []*program.Source{program.Missing("sources", err)}
	}
	asked := map[string]bool{}
	var list []*program.Source
	for _, what := range c.polled() {
		var db database.Options
		var opened *channel
		list = append(list, &program.Source{
			Name: what.name, Parse: parseRow, ImportPolls: true, Canary: c.route(what, func() bool { return opened.polled() }),
			Prepare: func(*slog.Logger) (err error) {
				if db, err = c.options(what); err != nil {
					return err
				}
				if _, err = database.Open(context.Background(), db); err != nil { // the url alone is read here
					err = &exit.Error{Code: exit.Config, Err: err}
				}
				return err
			},
			Open: func(_ context.Context, o *program.Opening) (pump.Channel, error) {
				ch := &channel{name: what.name, db: db, wake: make(chan struct{}, 1), importing: o.Import}
				opened = ch
				ch.open = func(db *database.DB) (poller, access) { return c.poller(what, db, o, ch.wake) }
				if name := c.DB.Listen; name != "" {
					o.Do("the wake-up of "+what.name, func(ctx context.Context) error { return ch.listen(ctx, name, o.Log) })
				}
				return ch, nil
			},
			Hosts:  hostsOf(what),
			Secret: "a database's password", Secrets: c.secretsOf(what),
			Check:   func(ctx context.Context, _ *program.Env) []program.Finding { return c.check(ctx, what, asked) },
			Metrics: "busbar_poll_", MetricLabels: map[string]string{"source": what.name},
		})
	}
	return list
}

// hostsOf is the host of what is polled, if it is on another machine.
func hostsOf(what polled) []string {
	at, err := database.Address(what.url.Reveal())
	if host := hostOf(at); err == nil && host != "" {
		return []string{host}
	}
	return nil
}

// options say how to connect.
func (c *Config) options(what polled) (database.Options, error) {
	url, err := database.Address(what.url.Reveal())
	if err != nil {
		return database.Options{}, &exit.Error{Code: exit.Config, Err: err}
	}
	return database.Options{
		URL: url, Application: "busbar " + c.Bus.Name,
		StatementTimeout: time.Duration(c.DB.StatementTimeout), LockTimeout: time.Duration(c.DB.LockTimeout),
	}, nil
}

// An access is what the account may read, and what that means; empty: it is not known yet.
type access func() (level string, meaning, architectures []string)

func (c *Config) poller(what polled, db *database.DB, o *program.Opening, wake <-chan struct{}) (poller, access) {
	if what.table == nil {
		q := queue.Open(queue.Options{
			DB: db, Journal: o.Node.Journal, Source: what.name, Architectures: c.DB.Architectures, Zone: c.zone,
			Interval: time.Duration(c.DB.Interval), Full: time.Duration(c.DB.Full), Most: c.DB.Most,
			Once: o.Once, Import: o.Import, Wake: wake, Log: o.Log,
		})
		return q, func() (string, []string, []string) {
			a := q.Access()
			if a.Level == "" {
				return "", nil, nil
			}
			return string(a.Level), a.Meaning(), a.Architectures
		}
	}
	w := watch.Open(watch.Options{
		DB: db, Journal: o.Node.Journal, Source: what.name, Table: what.table.spec(c.zone),
		Interval: time.Duration(c.DB.Interval), Full: time.Duration(c.DB.Full), Most: c.DB.Most,
		Once: o.Once, Import: o.Import, Wake: wake, Log: o.Log,
	})
	return w, func() (string, []string, []string) {
		if w.Stats().Polls == 0 {
			return "", nil, nil
		}
		return "table", []string{"The outcome is always published; changes reverted between two polls are not detected, and who did it is not known."}, nil
	}
}

// A channel opens the database when it is read: one that is away is a transient error.
type channel struct {
	name      string
	db        database.Options
	wake      chan struct{} // a poll may come at once
	importing bool
	open      func(*database.DB) (poller, access)

	mu     sync.Mutex
	inner  poller
	access access
	conn   *database.DB
}

// Next opens the database if need be.
func (c *channel) Next(ctx context.Context) (translate.Item[any], []byte, func(error), error) {
	p, err := c.opened(ctx)
	if err != nil {
		return translate.Item[any]{}, nil, nil, err
	}
	return p.Next(ctx)
}

func (c *channel) opened(ctx context.Context) (poller, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.inner != nil {
		return c.inner, nil
	}
	conn, err := database.Open(ctx, c.db)
	if err != nil {
		return nil, err
	}
	c.conn = conn
	c.inner, c.access = c.open(conn)
	return c.inner, nil
}

// Close ends the connection.
func (c *channel) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conn == nil {
		return nil
	}
	return c.conn.Close()
}

// Report tells of the polls. An import is none.
func (c *channel) Report() program.Report {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.inner == nil {
		return report{}
	}
	s := c.inner.Stats()
	r := report{
		Polls: s.Polls, Last: s.Last, Seconds: s.Took.Seconds(), Rows: s.Rows, Changes: s.Changes, Pause: s.Pause.Seconds(), Skipped: s.Skipped,
	}
	if s.Odd != nil {
		r.Odd = s.Odd.Error()
		r.Error = r.Odd
	}
	if !c.importing {
		r.Level, r.Meaning, r.Architectures = c.access()
	}
	return r
}

// polled says whether there was a poll since the start.
func (c *channel) polled() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.inner != nil && c.inner.Stats().Polls > 0
}

// Progress tells how much an import has read, and how far a first poll is.
func (c *channel) Progress(ended bool) progress.State {
	c.mu.Lock()
	defer c.mu.Unlock()
	var s compare.Stats
	if c.inner != nil {
		s = c.inner.Stats()
	}
	switch {
	case c.importing && ended:
		return progress.State{Text: fmt.Sprintf("%s: %d rows", c.name, s.Changes)}
	case c.importing:
		return progress.State{Text: fmt.Sprintf("%s: %d rows so far", c.name, s.Changes)}
	case ended || s.Polls > 0 || s.Recorded == 0:
		return progress.State{}
	}
	return progress.State{Text: fmt.Sprintf("%s: first poll, %d rows are recorded", c.name, s.Recorded), Done: s.Recorded, All: s.Whole}
}

// listen wakes the source up when the server notifies. A lost connection costs
// an interval and no news.
func (c *channel) listen(ctx context.Context, name string, log *slog.Logger) error {
	const again = 10 * time.Second
	for failed := false; ; {
		err := database.Listen(ctx, c.db, name, func() {
			failed = false
			select {
			case c.wake <- struct{}{}:
			default: // it is awake
			}
		})
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !failed {
			log.Warn("LISTEN failed; polling at the interval until it works", "channel", name, "error", err)
		}
		failed = true
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(again):
		}
	}
}
