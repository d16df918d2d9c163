package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"busbar/common/config"
	"busbar/common/exit"
	"busbar/common/node"
	"busbar/common/program"
	"busbar/common/pump"
)

type runCmd struct{}

// Run is the daemon: one pump for each source, all into one journal, and the
// publisher that empties it.
func (runCmd) Run(p *program.Env, g *program.Globals) (err error) {
	log := g.Logger(p)
	ctx, hangup, stop := program.Signals()
	defer stop()
	site, err := open(ctx, p, g, log)
	if err != nil {
		return err
	}
	site.node.Secrets("a database's password", site.cfg.withPasswords()...)
	defer func() { err = errors.Join(err, site.close()) }()
	if err := site.node.Register(collector{site.sources}); err != nil {
		return err
	}
	reload := program.Reload[Config]{
		Program: p,
		Running: site.cfg, Load: func() (Config, error) { return load(p, g) },
		Parts: func(c Config) (config.Bus, config.Sign) { return c.Bus, c.Sign },
	}
	tasks := []program.Task{{Name: "the publisher", Run: site.node.Run}, reload.Task(site.node, hangup)}
	for _, s := range site.sources {
		pump, err := s.pump(site.cfg, site.node.Journal, forEver, log)
		if err != nil {
			return err
		}
		site.node.Watch(s.name, s.unwell)
		tasks = append(tasks,
			program.Task{Name: s.name, Run: pump.Run},
			program.Task{Name: "the reports of " + s.name, Run: func(ctx context.Context) error { return announce(ctx, s, site.node.Journal, log) }})
		if c := site.cfg.DB.Listen; c != "" {
			tasks = append(tasks, program.Task{Name: "the wake-up of " + s.name, Run: func(ctx context.Context) error {
				listen(ctx, s, c, log)
				return ctx.Err()
			}})
		}
	}
	again, err := site.again(false)
	if err != nil {
		return err
	}
	site.node.Watch("retry queue", again.Err)
	tasks = append(tasks, program.Task{Name: "retry queue", Run: again.Run})
	log.Info("dbpoll runs", "version", node.Version(), "journal", site.cfg.Bus.Journal, "sources", site.names())
	return program.Serve(ctx, log, site.status, tasks...)
}

// A site is a configuration with its journal and sources, opened.
type site struct {
	cfg     Config
	node    *node.Node
	sources []*source
	log     *slog.Logger
}

func open(ctx context.Context, p *program.Env, g *program.Globals, log *slog.Logger) (*site, error) {
	cfg, err := load(p, g)
	if err != nil {
		return nil, err
	}
	if err := cfg.something(); err != nil {
		return nil, &exit.Error{Code: exit.Config, Err: fmt.Errorf("starting: %w", err)}
	}
	list, err := sources(cfg, log)
	if err != nil {
		return nil, &exit.Error{Code: exit.Config, Err: err}
	}
	n, err := node.New(ctx, p.Name, cfg.Bus, cfg.Sign, log)
	if err != nil {
		return nil, err
	}
	n.Resume(ctx, func(item []byte) error { return node.Requeue(node.RetryDir(cfg.Bus.Journal), item, cfg.Bus.Journal) })
	return &site{cfg, n, list, log}, nil
}

func (s *site) close() error {
	var errs []error
	for _, src := range s.sources {
		errs = append(errs, src.close())
	}
	return errors.Join(append(errs, s.node.Close())...)
}

func (s *site) names() []string {
	var list []string
	for _, src := range s.sources {
		list = append(list, src.name)
	}
	return list
}

// again is the pump of requeued changes.
func (s *site) again(once bool) (*pump.Pump, error) {
	table, err := s.cfg.translators()
	if err != nil {
		return nil, err
	}
	back := &node.RetryQueue{Dir: node.RetryDir(s.cfg.Bus.Journal), Once: once, Parse: requeued}
	p := &pump.Pump{
		Channel: back, Table: table, Journal: s.node.Journal, Source: "retry queue", Log: s.log,
	}
	back.Idle = p.Idle
	return p, nil
}

// status is one line for systemctl status; errors are the node's to show.
func (s *site) status() string {
	parts := []string{s.node.Status()}
	for _, src := range s.sources {
		r := src.report()
		if r.Error == "" && r.Polls > 0 {
			parts = append(parts, fmt.Sprintf("%s: %d polls, %d changes", src.name, r.Polls, r.Changes))
		}
	}
	return strings.Join(parts, "; ")
}
