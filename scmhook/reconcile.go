package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"busbar/common/journal"
	"busbar/common/program"
	"busbar/common/show"
	"busbar/scmhook/describe"
	"busbar/scmhook/hook"
)

type reconcileCmd struct {
	Tell bool `help:"At the first sight of a repository publish all its refs, instead of only recording them. The daemon must not run."`
}

// Run compares all refs once. A running daemon owns the journal; it is asked
// through the spool.
func (c reconcileCmd) Run(p *program.Env, g *program.Globals) error {
	cfg, err := program.Load[*Config](p, g)
	if err != nil {
		return err
	}
	if c.Tell || !journal.InUse(cfg.Bus.Journal) {
		return once(p, g, c.Tell)
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
func (importCmd) Run(p *program.Env, g *program.Globals) error { return once(p, g, true) }

// once empties the spool and compares all refs, without the daemon.
func once(p *program.Env, g *program.Globals, tell bool) error {
	err := program.Visit(p, g, "", g.Logger(p), func(ctx context.Context, s *program.Site) error {
		before, err := s.Node.Journal.Reader().LastSeq(ctx)
		if err != nil {
			return err
		}
		err = s.Once(ctx, tell)
		after, rerr := s.Node.Journal.Reader().LastSeq(context.WithoutCancel(ctx))
		if err = errors.Join(err, rerr); err != nil {
			return err
		}
		show.Fprintf(p.Stdout, "%d messages\n", after-before)
		if failed := s.Channel(hooked).(*describe.Channel).Feed.Failing(); len(failed) > 0 {
			return fmt.Errorf("comparing refs: these repositories could not be asked: %s", strings.Join(failed, ", "))
		}
		return nil
	})
	if errors.Is(err, journal.ErrLocked) {
		return fmt.Errorf("%w: stop the daemon first (systemctl stop scmhook)", err)
	}
	return err
}
