package main

import (
	"context"
	"errors"
	"fmt"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"busbar/common/exit"
	"busbar/common/journal"
	"busbar/common/node"
	"busbar/common/program"
	"busbar/common/show"
	"busbar/scmhook/hook"
)

type reconcileCmd struct {
	Tell bool `help:"At the first sight of a repository publish all its refs, instead of only recording them. The daemon must not run."`
}

// Run compares all refs once. A running daemon owns the journal; it is asked
// through the spool.
func (c reconcileCmd) Run(p *program.Env, g *program.Globals) error {
	cfg, err := load(p, g)
	if err != nil {
		return err
	}
	if c.Tell || !journal.InUse(cfg.Bus.Journal) {
		return once(p, g, cfg, c.Tell)
	}
	ask := hook.Notice{System: "git", Hook: hook.Look, Repository: "/", Time: time.Now()}
	if err := hook.Write(cfg.SCM.Spool, ask, strings.NewReader("")); err != nil {
		return fmt.Errorf("asking the daemon: %w", err)
	}
	show.Fprintln(p.Stdout, "the daemon is asked; scmhook status says what it finds")
	return nil
}

type importCmd struct{}

// Run tells what was there at first sight.
func (importCmd) Run(p *program.Env, g *program.Globals) error {
	cfg, err := load(p, g)
	if err != nil {
		return err
	}
	return once(p, g, cfg, true)
}

// once empties the spool and compares all refs, without the daemon.
func once(p *program.Env, g *program.Globals, cfg Config, tell bool) (err error) {
	if len(cfg.SCM.Repositories) == 0 {
		return &exit.Error{Code: exit.Config, Err: errNoRepositories}
	}
	log := g.Logger(p)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	node, err := node.New(ctx, p.Name, cfg.Bus, cfg.Sign, log)
	if errors.Is(err, journal.ErrLocked) {
		return fmt.Errorf("%w: stop the daemon first (systemctl stop scmhook)", err)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, node.Close()) }()
	before, err := node.Journal.Reader().LastSeq(ctx)
	if err != nil {
		return err
	}
	s, err := newSource(cfg, node, log, tell, true)
	if err != nil {
		return err
	}
	err = errors.Join(s.pump.Run(ctx), s.close())
	after, rerr := node.Journal.Reader().LastSeq(context.WithoutCancel(ctx))
	if err = errors.Join(err, rerr, ctx.Err()); err != nil {
		return err
	}
	show.Fprintf(p.Stdout, "%d messages\n", after-before)
	if failed := s.channel.feed.Failing(); len(failed) > 0 {
		return fmt.Errorf("comparing refs: these repositories could not be asked: %s", strings.Join(failed, ", "))
	}
	return nil
}
