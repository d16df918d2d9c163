package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"busbar/common/daemon"
	"busbar/common/durable"
	"busbar/common/pump"
	"busbar/mail2bus/maildir"
)

type runCmd struct{}

// Run is the daemon: one pump for each place that mails come from, all into one
// journal, and the publisher that empties it.
func (runCmd) Run(p *daemon.Program, g *daemon.Globals) (err error) {
	ctx, hangup, stop := daemon.Signals()
	defer stop()
	cfg, err := load(p, g)
	if err != nil {
		return err
	}
	if len(cfg.Mail.places()) == 0 {
		return &daemon.ExitError{Code: daemon.ExitConfig, Err: errors.New("starting: neither [mail] maildir nor [mail] spool is set, so no mail can come")}
	}
	log := g.Logger(p)
	if err := prepareSpool(cfg.Mail.Spool, log); err != nil {
		return daemon.Exit(err)
	}
	node, err := daemon.NewNode(ctx, p.Name, cfg.Bus, cfg.Sign, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, node.Close()) }()

	node.Resume(ctx, func(item []byte) error { return retry(cfg.Mail, item) })
	reload := daemon.Reload[Config]{
		Program: p,
		Running: cfg, Load: func() (Config, error) { return load(p, g) },
		Parts: func(c Config) (daemon.BusConfig, daemon.SignConfig) { return c.Bus, c.Sign },
	}
	tasks := []daemon.Task{{Name: "the publisher", Run: node.Run}, reload.Task(node, hangup)}
	for _, dir := range cfg.Mail.places() {
		task, done, err := place(dir, cfg, node, log)
		if err != nil {
			return err
		}
		defer done()
		tasks = append(tasks, task)
	}
	log.Info("mail2bus runs", "version", daemon.Version(), "journal", cfg.Bus.Journal, "places", cfg.Mail.places())
	return daemon.Serve(ctx, log, node.Status, tasks...)
}

// place is the task that reads one Maildir.
func place(dir string, cfg Config, node *daemon.Node, log *slog.Logger) (daemon.Task, func() error, error) {
	var pump pump.Pump
	ch, err := maildir.Open(maildir.Options{
		Dir: dir, Spool: dir == cfg.Mail.Spool, Limit: int64(cfg.Mail.Limit), Poll: time.Duration(cfg.Mail.Poll), Log: log, Idle: pump.Idle,
	})
	if errors.Is(err, maildir.ErrNotMaildir) {
		err = &daemon.ExitError{Code: daemon.ExitConfig, Err: err}
	}
	if err != nil {
		return daemon.Task{}, nil, daemon.Exit(err)
	}
	node.Places(dir)
	node.Conditions.Watch(ch.Conditions)
	name := "maildir " + filepath.Base(dir)
	if dir == cfg.Mail.Spool {
		name = "spool"
	}
	in := mails{dir: ch, name: name, limit: int64(cfg.Mail.Limit)}
	pump.Channel, pump.Read = in, in.read
	pump.Table, pump.Journal, pump.Source, pump.Log = table(cfg), node.Journal, dir, log
	node.Watch(name, pump.Err)
	return daemon.Task{Name: name, Run: pump.Run}, ch.Close, nil
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
		log.Info("deliveries that were never finished are cleared away", "files", n)
	}
	if errors.Is(err, os.ErrNotExist) {
		return nil // not used yet
	}
	return err
}
