package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"busbar/common/config"
	"busbar/common/durable"
	"busbar/common/exit"
	"busbar/common/node"
	"busbar/common/program"
	"busbar/common/pump"
	"busbar/common/translate"
	"busbar/scmhook/feed"
	"busbar/scmhook/spool"
)

var errNoRepositories = errors.New("starting: [scm] repositories is empty, so nothing can be published")

type runCmd struct{}

// Run is the daemon: the pump from the spool and the repositories into the
// journal, and the publisher that empties it.
func (runCmd) Run(p *program.Env, g *program.Globals) (err error) {
	ctx, hangup, stop := program.Signals()
	defer stop()
	cfg, err := load(p, g)
	if err != nil {
		return err
	}
	if len(cfg.SCM.Repositories) == 0 {
		return &exit.Error{Code: exit.Config, Err: errNoRepositories}
	}
	log := g.Logger(p)
	if err := prepareSpool(cfg.SCM.Spool, log); err != nil {
		return exit.Of(err)
	}
	n, err := node.New(ctx, p.Name, cfg.Bus, cfg.Sign, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.Close()) }()
	n.Resume(ctx, requeue(cfg, cfg.Bus.Journal))
	s, err := newSource(cfg, n, log, false, false)
	if err != nil {
		return err
	}
	n.Places(cfg.SCM.Spool)
	defer func() { err = errors.Join(err, s.close()) }()
	n.Watch("the spool", s.pump.Err)
	log.Info("scmhook runs", "version", node.Version(), "journal", cfg.Bus.Journal, "spool", cfg.SCM.Spool)
	return program.Serve(ctx, log, n.Status, program.Task{Name: "the publisher", Run: n.Run}, reloads(p, g, cfg, nil).Task(n, hangup), program.Task{Name: "the spool", Run: s.pump.Run},
		program.Task{Name: "the look at the hooks", Run: func(ctx context.Context) error { return watchHooks(ctx, p, cfg, n.Conditions) }})
}

// reloads takes up a changed configuration; take, what is of the webhooks' server.
func reloads(p *program.Env, g *program.Globals, running Config, take func(Config) error) program.Reload[Config] {
	return program.Reload[Config]{
		Program: p,
		Running: running, Load: func() (Config, error) { return load(p, g) },
		Parts: func(c Config) (config.Bus, config.Sign) { return c.Bus, c.Sign },
		Take:  take, Keys: []string{"webhook.secrets"},
	}
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

// A source is the spool and the repositories, pumped into a journal.
type source struct {
	channel *pushes
	pump    *pump.Pump
}

func newSource(cfg Config, n *node.Node, log *slog.Logger, tell, once bool) (*source, error) {
	set, err := feed.NewSet(cfg.SCM.Repositories)
	if err != nil {
		return nil, err
	}
	d, j := describer{scm: cfg.SCM}, n.Journal
	var p pump.Pump
	ch := &pushes{log: log, describe: d.push, feed: feed.Open(feed.Options{
		Spool: cfg.SCM.Spool, Repositories: set, Journal: j.Reader(), Refs: d.refs, Tell: tell, Once: once, Log: log, Conditions: n.Conditions, Idle: p.Idle,
		Every: time.Duration(cfg.SCM.Reconcile), Grace: time.Duration(cfg.SCM.Grace), Poll: time.Duration(cfg.SCM.Poll),
	})}
	p.Channel, p.Table, p.Journal, p.Source, p.Log = ch, table(cfg.SCM), j, "scm", log
	return &source{channel: ch, pump: &p}, nil
}

func (s *source) close() error { return s.channel.feed.Close() }

// pushes is the feed as a channel of described pushes.
type pushes struct {
	feed     *feed.Channel
	describe func(context.Context, feed.Batch) (translate.Item[any], error)
	log      *slog.Logger
}

// Next hands out the next push. A repository that cannot be asked is tried
// again by the feed, and holds up no other.
func (c *pushes) Next(ctx context.Context) (translate.Item[any], []byte, func(error), error) {
	for {
		b, done, err := c.feed.Next(ctx)
		if err != nil {
			return translate.Item[any]{}, nil, nil, err
		}
		it, err := c.describe(ctx, b)
		if err != nil {
			done(err)
			continue
		}
		return it, nil, done, nil
	}
}
