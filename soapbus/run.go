package main

import (
	"errors"

	"busbar/common/config"
	"busbar/common/node"
	"busbar/common/program"
)

type runCmd struct{}

// Run is the daemon: the sweep into the journal, and the publisher that empties
// it.
func (runCmd) Run(p *program.Env, g *program.Globals) (err error) {
	log := g.Logger(p)
	ctx, hangup, stop := program.Signals()
	defer stop()
	s, err := open(ctx, p, g, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	pump, again := s.pump(forEver, log), s.again(false)
	if err := s.node.Register(collector{s}); err != nil {
		return err
	}
	s.node.Watch(source, s.unwell)
	s.node.Watch("retry queue", again.Err)
	s.node.Secrets("the tracker's password", s.cfg.withPasswords()...)
	tasks := []program.Task{
		{Name: "the publisher", Run: s.node.Run},
		{Name: "the sweep", Run: pump.Run},
		{Name: "retry queue", Run: again.Run},
		{Name: "the reports", Run: s.announce},
		program.Reload[Config]{
			Program: p,
			Running: s.cfg, Load: func() (Config, error) { return load(p, g) },
			Parts: func(c Config) (config.Bus, config.Sign) { return c.Bus, c.Sign },
		}.Task(s.node, hangup),
	}
	if s.cfg.SOAP.Follow {
		tasks = append(tasks, program.Task{Name: "the follower", Run: s.follow})
	}
	log.Info("soapbus runs", "version", node.Version(), "journal", s.cfg.Bus.Journal, "tracker", s.cfg.SOAP.URL,
		"watches", s.cfg.SOAP.watch().String(), "rate", s.cfg.SOAP.Rate)
	return program.Serve(ctx, log, s.status, tasks...)
}
