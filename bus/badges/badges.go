// Package badges is `bus badges`: people earn badges for what they do.
//
// A badge is a question to the hub's archive (rule). A daemon reads the archive by
// arrival, keeps who earned what in a file of its own (ledger), and says each award once
// on the bus (award), by a journal of its own. What it keeps follows from the messages
// alone, so that all of it can be made again.
//
// Not here: the pages (bus/web).
package badges

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"busbar/bus/badges/ledger"
	"busbar/bus/badges/rule"
	"busbar/bus/config"
	"busbar/common/exit"
	"busbar/common/node"
	"busbar/common/program"
)

// Command is `bus badges`.
type Command struct {
	Badges struct {
		Run       runCommand       `cmd:"" help:"Give badges for what the archive has, and say so on the bus: as a daemon, until it is ended. Rules are read again by SIGHUP."`
		Check     checkCommand     `cmd:"" help:"Read the rules as the daemon would, and say what is wrong, and whether there are such events at all."`
		List      listCommand      `cmd:"" help:"List all badges, and how many have them; also while the daemon runs."`
		Show      showCommand      `cmd:"" help:"Show what somebody earned, and by which messages."`
		Progress  progressCommand  `cmd:"" help:"Say how far somebody is with each badge."`
		Recompute recomputeCommand `cmd:"" help:"Make all awards again from an archive, beside those that are kept, and say where they differ."`
		Forget    forgetCommand    `cmd:"" help:"Delete all that is known of somebody who opted out."`
	} `cmd:"" help:"Give people badges for what they do: questions to the archive, which can be asked again."`
}

// loaded is the configuration with what is left out filled in.
func loaded(p *program.Env, g *program.Globals) (config.Config, error) {
	cfg, err := config.Load(p, g)
	if err != nil {
		return cfg, err
	}
	if err := cfg.Badges.Complete(cfg.Hub); err != nil {
		return cfg, &exit.Error{Code: exit.Config, Err: err}
	}
	return cfg, nil
}

func rules(cfg config.Config) (rule.Set, error) {
	set, err := rule.Files{Path: cfg.Badges.Rules, Prefix: cfg.Bus.Prefix}.Read()
	if err == nil {
		err = possible(set, cfg.Bus.Prefix)
	}
	if err != nil {
		return set, &exit.Error{Code: exit.Config, Err: err}
	}
	return set, nil
}

// beside opens the file while the daemon may run.
func beside(cfg config.Config) (*ledger.Reader, error) {
	r, err := ledger.OpenBeside(context.Background(), cfg.Badges.File)
	if err != nil {
		return nil, &exit.Error{Code: exit.Config, Err: err}
	}
	return r, nil
}

type runCommand struct {
	Once bool `help:"End when all that the archive has is read, and awards are in the journal."`
}

// memory is what the collector aims at.
const memory = 256 << 20

// Run gives badges until told to stop.
func (c *runCommand) Run(p *program.Env, g *program.Globals) error {
	log := g.Logger(p)
	cfg, err := loaded(p, g)
	if err != nil {
		return err
	}
	program.SoftMemory(memory)
	ctx, hangup, stop := p.Signals()
	defer stop()
	d, err := open(ctx, cfg, log)
	switch {
	case err != nil && c.Once:
		return err
	case err != nil:
		return program.Begun(ctx, err)
	case c.Once:
		err := d.once(ctx)
		return errors.Join(err, d.close())
	}
	tasks := []program.Task{
		{Name: "the badges", Run: func(ctx context.Context) error {
			for {
				d.pass(ctx)
				select {
				case <-hangup:
					d.reload(ctx)
				case <-time.After(time.Duration(cfg.Badges.Every)):
				case <-ctx.Done():
					return ctx.Err()
				}
			}
		}},
		{Name: "what is said of awards", Run: d.node.Run},
	}
	return errors.Join(program.Serve(ctx, log, d.line, tasks...), d.close())
}

// open opens all that the daemon needs.
func open(ctx context.Context, cfg config.Config, log *slog.Logger) (*daemon, error) {
	set, err := rules(cfg)
	if err != nil {
		return nil, err
	}
	bus, err := cfg.Publisher()
	if err != nil {
		return nil, &exit.Error{Code: exit.Config, Err: err}
	}
	d := &daemon{cfg: cfg, log: log}
	if d.ledger, err = ledger.Open(ctx, cfg.Badges.File); errors.Is(err, ledger.ErrInUse) {
		return nil, &exit.Error{Code: exit.TempFail, Err: err}
	} else if err != nil {
		return nil, exit.Of(err)
	}
	if d.source, err = openSource(ctx, cfg.Badges.Archive, cfg.Bus.Prefix); err != nil {
		return nil, errors.Join(&exit.Error{Code: exit.TempFail, Err: fmt.Errorf("%w (bus hub makes it; see [badges] archive)", err)}, d.ledger.Close())
	}
	if err := d.ledger.Use(ctx, set, cfg.Bus.Prefix, d.source.Epoch()); err != nil {
		return nil, errors.Join(err, d.source.Close(), d.ledger.Close())
	}
	if d.node, err = node.New(ctx, "badges", bus, cfg.Sign, log); err != nil {
		return nil, errors.Join(err, d.source.Close(), d.ledger.Close())
	}
	d.node.Places(cfg.Badges.File)
	if err := d.node.Register(collector{d}); err != nil {
		return nil, errors.Join(err, d.close())
	}
	log.Info("giving badges", "badges", len(set.Badges), "opted out", len(set.OptOut), "archive", cfg.Badges.Archive)
	return d, nil
}
