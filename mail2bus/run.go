package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"busbar/common/config"
	"busbar/common/durable"
	"busbar/common/exit"
	"busbar/common/node"
	"busbar/common/program"
	"busbar/common/pump"
	"busbar/mail2bus/maildir"
)

type runCmd struct{}

// Run is the daemon: one pump for each place that mails come from, all into one
// journal, and the publisher that empties it.
func (runCmd) Run(p *program.Env, g *program.Globals) (err error) {
	ctx, hangup, stop := program.Signals()
	defer stop()
	cfg, err := load(p, g)
	if err != nil {
		return err
	}
	if len(cfg.Mail.places()) == 0 {
		return &exit.Error{Code: exit.Config, Err: errors.New("starting: neither [mail] maildir nor [mail] spool is set, so no mail can come")}
	}
	log := g.Logger(p)
	if err := prepareSpool(cfg.Mail.Spool, log); err != nil {
		return exit.Of(err)
	}
	n, err := node.New(ctx, p.Name, cfg.Bus, cfg.Sign, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.Close()) }()

	n.Resume(ctx, func(item []byte) error { return retry(cfg.Mail, item) })
	reload := program.Reload[Config]{
		Program: p,
		Running: cfg, Load: func() (Config, error) { return load(p, g) },
		Parts: func(c Config) (config.Bus, config.Sign) { return c.Bus, c.Sign },
	}
	tasks := []program.Task{{Name: "the publisher", Run: n.Run}, reload.Task(n, hangup)}
	for _, dir := range cfg.Mail.places() {
		task, done, err := place(dir, cfg, n, log)
		if err != nil {
			return err
		}
		defer done()
		tasks = append(tasks, task)
	}
	log.Info("mail2bus runs", "version", node.Version(), "journal", cfg.Bus.Journal, "places", cfg.Mail.places())
	return program.Serve(ctx, log, n.Status, tasks...)
}

// place is the task that reads one Maildir.
func place(dir string, cfg Config, n *node.Node, log *slog.Logger) (program.Task, func() error, error) {
	var pump pump.Pump
	ch, err := maildir.Open(maildir.Options{
		Dir: dir, Spool: dir == cfg.Mail.Spool, Limit: int64(cfg.Mail.Limit), Poll: time.Duration(cfg.Mail.Poll), Log: log, Idle: pump.Idle,
	})
	if errors.Is(err, maildir.ErrNotMaildir) {
		err = &exit.Error{Code: exit.Config, Err: err}
	}
	if err != nil {
		return program.Task{}, nil, exit.Of(err)
	}
	n.Places(dir)
	n.Conditions.Watch(ch.Conditions)
	name := "maildir " + filepath.Base(dir)
	if dir == cfg.Mail.Spool {
		name = "spool"
	}
	in := mails{dir: ch, name: name, limit: int64(cfg.Mail.Limit)}
	pump.Channel, pump.Read = in, in.read
	pump.Table, pump.Journal, pump.Source, pump.Log = table(cfg), n.Journal, dir, log
	n.Watch(name, pump.Err)
	return program.Task{Name: name, Run: pump.Run}, ch.Close, nil
}

// prepareSpool makes the spool where it is missing and clears what dead
// deliveries left behind.
func prepareSpool(dir string, log *slog.Logger) error {
	if dir == "" {
		return nil
	}
	if err := durable.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making the spool: %w", err)
	}
	n, err := maildir.Sweep(dir)
	if n > 0 {
		log.Info("unfinished deliveries removed", "files", n)
	}
	if errors.Is(err, os.ErrNotExist) {
		return nil // not used yet
	}
	return err
}
