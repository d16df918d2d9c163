package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"busbar/common/exit"
	"busbar/common/program"
	"busbar/common/show"
)

type pollCmd struct {
	Publish bool `help:"Publish as well what the journal holds, for a minute at most. Else it waits there for run."`
}

// Run polls every source once.
func (c pollCmd) Run(p *program.Env, g *program.Globals) error {
	return visit(p, g, func(ctx context.Context, s *site) error {
		if err := s.once(ctx, once, nil); err != nil {
			return err
		}
		if c.Publish {
			return s.node.Drain(ctx)
		}
		return nil
	})
}

type importCmd struct{}

// Run publishes the present state of every source. What is published later is published from
// there: where nothing was polled yet, that is done first.
func (importCmd) Run(p *program.Env, g *program.Globals) error {
	return visit(p, g, func(ctx context.Context, s *site) error {
		if err := s.once(ctx, once, nil); err != nil {
			return err
		}
		if err := s.restart(); err != nil {
			return err
		}
		return s.once(ctx, importing, p.Stderr)
	})
}

// visit opens the site for one command.
func visit(p *program.Env, g *program.Globals, work func(context.Context, *site) error) (err error) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	log := g.Logger(p)
	if !g.Debug {
		log = program.Quiet(log)
	}
	s, err := open(ctx, p, g, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	return work(ctx, s)
}

// once reads every source once, in their order, and the retry queue. An error
// with one holds up no other; it is not tried again: whoever called will do so.
func (s *site) once(ctx context.Context, m mode, progress io.Writer) error {
	var failed error
	for _, src := range s.sources {
		if ctx.Err() != nil {
			break
		}
		// An error is returned, and poison logged at the end.
		pump, err := src.pump(s.cfg, s.node.Journal, m, slog.New(slog.DiscardHandler))
		if err != nil {
			return err
		}
		stop := count(progress, src)
		err = program.Once(ctx, pump)
		stop()
		r := src.report()
		if err != nil {
			r.Error = err.Error()
		}
		if m != importing || err != nil { // an import is no poll
			if kerr := keep(context.WithoutCancel(ctx), src, r, s.node.Journal); err == nil {
				err = kerr
			}
		}
		failed = errors.Join(failed, err)
		s.log.Debug("polled", "source", src.name, "level", r.Level, "changes", r.Changes)
	}
	defer s.tellPoison(ctx)
	if m != importing && ctx.Err() == nil {
		again, err := s.again(true)
		if err != nil {
			return err
		}
		failed = errors.Join(failed, program.Once(ctx, again))
	}
	if failed = errors.Join(failed, ctx.Err()); failed != nil {
		return &exit.Error{Code: exit.TempFail, Err: failed}
	}
	return nil
}

// tellPoison says that something waits for a person.
func (s *site) tellPoison(ctx context.Context) {
	if c, err := s.node.Journal.Reader().Counts(ctx); err == nil && c.Poisoned > 0 {
		s.log.Warn("changes are kept as poison; see dbpoll poison", "count", c.Poisoned)
	}
}

// restart lets the next reading begin again.
func (s *site) restart() error {
	var errs []error
	for _, src := range s.sources {
		errs = append(errs, src.close())
	}
	return errors.Join(errs...)
}

// count writes now and then how much was read, one line each time.
func count(w io.Writer, s *source) (stop func()) {
	if w == nil {
		return func() {}
	}
	const every = 5 * time.Second
	ended := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-ended:
				return
			case <-tick.C:
				show.Fprintf(w, "%s: %d rows so far\n", s.name, s.report().Changes)
			}
		}
	})
	return func() {
		close(ended)
		wg.Wait()
		show.Fprintf(w, "%s: %d rows\n", s.name, s.report().Changes)
	}
}
