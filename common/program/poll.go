package program

import (
	"context"
	"errors"
	"log/slog"
	"os/signal"
	"syscall"

	"busbar/common/exit"
	"busbar/common/progress"
	"busbar/common/pump"
)

// PollCommand reads every source once, for cron.
type PollCommand struct {
	Publish bool `help:"Publish as well what the journal holds, for a minute at most. Else it waits there for run."`
}

// Run reads, and publishes if that is asked for.
func (c PollCommand) Run(p *Env, g *Globals) error {
	return Visit(p, g, "", quietly(p, g), func(ctx context.Context, s *Site) error {
		if err := s.Once(ctx, false); err != nil {
			return err
		}
		if c.Publish {
			return s.Node.Drain(ctx)
		}
		return nil
	})
}

// ImportCommand publishes the present state of every source.
type ImportCommand struct{}

// Run reads everything.
func (ImportCommand) Run(p *Env, g *Globals) error {
	return Visit(p, g, "", quietly(p, g), func(ctx context.Context, s *Site) error {
		for _, src := range s.sources {
			if src.ImportPolls {
				if err := s.Once(ctx, false); err != nil {
					return err
				}
				break
			}
		}
		return s.Once(ctx, true)
	})
}

// Visit opens the journal for one command, until SIGINT or SIGTERM: that of the name,
// if sources are declared for it; empty: for those of run.
func Visit(p *Env, g *Globals, command string, log *slog.Logger, work func(context.Context, *Site) error) (err error) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	cfg, err := p.load(g)
	if err != nil {
		return err
	}
	s, err := p.open(ctx, cfg, command, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	return work(ctx, s)
}

// Once reads every source once, in their order, and the retry queue. An error with
// one holds up no other; it is not tried again: whoever called will do so.
func (s *Site) Once(ctx context.Context, importing bool) error {
	if err := s.leave(); err != nil {
		return err
	}
	if err := s.read(ctx, Opening{Once: !importing, Import: importing}); err != nil {
		return err
	}
	var failed error
	for _, r := range s.readings {
		if ctx.Err() != nil {
			break
		}
		stop := s.progress(r)
		err := once(ctx, r.pump)
		stop()
		if report := r.report(); report != nil {
			if err != nil {
				report = report.With(err.Error())
			}
			if kerr := s.keep(context.WithoutCancel(ctx), r, report); err == nil {
				err = kerr
			}
		}
		failed = errors.Join(failed, err)
	}
	defer s.countPoison(ctx)
	if again := s.retries(true); again != nil && ctx.Err() == nil {
		failed = errors.Join(failed, once(ctx, again))
	}
	if failed = errors.Join(failed, ctx.Err()); failed != nil {
		return &exit.Error{Code: exit.TempFail, Err: failed}
	}
	return nil
}

// once runs a pump to its end, or to the first transient error, which it returns: who
// runs a command will run it again.
func once(ctx context.Context, p *pump.Pump) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	note := p.OnErr
	p.OnErr = func(err error) {
		if note != nil {
			note(err)
		}
		if err != nil {
			cancel(err)
		}
	}
	if err := p.Run(ctx); err != nil {
		return err
	}
	return context.Cause(ctx)
}

// A Progresser is a channel that says how far a long reading is.
type Progresser interface {
	Progress(ended bool) progress.State
}

// progress shows how far a reading is.
func (s *Site) progress(r *reading) (stop func()) {
	c, ok := r.channel.(Progresser)
	if !ok {
		return func() {}
	}
	return s.env.Progress(c.Progress)
}

// Progress shows on standard error how far a long work is, until stop is called.
func (p *Env) Progress(ask func(ended bool) progress.State) (stop func()) {
	return progress.Show(p.Stderr, terminal(p.Stderr) && p.Getenv("TERM") != "dumb", ask)
}

// quietly logs what is a warning or worse: cron mails whatever is said.
func quietly(p *Env, g *Globals) *slog.Logger {
	log := g.Logger(p)
	if g.Debug {
		return log
	}
	return slog.New(warnings{log.Handler()})
}

type warnings struct{ slog.Handler }

// Enabled says what is logged.
func (w warnings) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && w.Handler.Enabled(ctx, l)
}
