package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	"busbar/common/durable"
	"busbar/common/exit"
	"busbar/common/program"
	"busbar/common/pump"
	"busbar/scmhook/describe"
	"busbar/scmhook/feed"
	"busbar/scmhook/spool"
)

// Sources are the spool and the repositories, which run reads, and the webhooks that
// serve takes.
func (c *Config) Sources(log *slog.Logger) []*program.Source {
	return []*program.Source{c.pushes(), c.webhooks(log)}
}

// hooked names the spool and the repositories in the journal.
const hooked = "scm"

func (c *Config) pushes() *program.Source {
	s := &program.Source{
		Name: hooked, Title: "the spool", About: []any{"spool", c.SCM.Spool},
		Prepare: func(log *slog.Logger) error {
			if len(c.SCM.Repositories) == 0 {
				return &exit.Error{Code: exit.Config, Err: errors.New("starting: [scm] repositories is empty, so nothing can be published")}
			}
			return prepareSpool(c.SCM.Spool, log)
		},
		Open:    c.open,
		Canary:  c.route(),
		Requeue: func(item []byte) error { return spool.PutBack(c.SCM.Spool, item) },
		Alone:   []string{"scm.repositories", "scm.spool", "scm.reconcile", "scm.grace", "scm.poll", "scm.timeout", "scm.commits", "scm.refs"},
	}
	if c.webhooksOnly() { // no hook writes anywhere, and no repository is looked at
		return s
	}
	s.Dir = c.SCM.Spool
	s.Waiting = func() (int, error) {
		names, err := spool.List(c.SCM.Spool)
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		return len(names), err
	}
	s.Check, s.Checks = c.check, []string{"hooks", "globs"}
	return s
}

func (c *Config) open(_ context.Context, o *program.Opening) (pump.Channel, error) {
	set, err := feed.NewSet(c.SCM.Repositories)
	if err != nil {
		return nil, err
	}
	d := c.describer()
	o.Do("the look at the hooks", func(ctx context.Context) error { return watchHooks(ctx, c, o.Node.Conditions) })
	return &describe.Channel{Describer: d, Feed: feed.Open(feed.Options{
		Spool: c.SCM.Spool, Repositories: set, Journal: o.Node.Journal.Reader(), Refs: d.References, Tell: o.Import, Once: o.Once || o.Import,
		Log: o.Log, Conditions: o.Node.Conditions, Idle: o.Idle,
		Every: time.Duration(c.SCM.Reconcile), Grace: time.Duration(c.SCM.Grace), Poll: time.Duration(c.SCM.Poll),
	})}, nil
}

func (c *Config) describer() describe.Describer {
	return describe.Describer{Timeout: time.Duration(c.SCM.Timeout), Commits: c.SCM.Commits, Refs: c.SCM.Refs}
}

// prepareSpool makes the spool where it is missing and clears what killed hooks
// left behind.
func prepareSpool(dir string, log *slog.Logger) error {
	if err := durable.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making the spool: %w", err)
	}
	n, err := spool.Sweep(dir)
	if n > 0 {
		log.Info("files of killed hooks removed", "files", n)
	}
	return err
}
