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

// Run makes one round.
func (c pollCmd) Run(p *program.Env, g *program.Globals) error {
	return visit(p, g, func(ctx context.Context, s *site) error {
		if err := s.once(ctx, once, p.Stderr, g.Debug); err != nil {
			return err
		}
		if c.Publish {
			return s.node.Drain(ctx)
		}
		return nil
	})
}

type importCmd struct{}

// Run publishes every watched bug. What is published later is published from there.
func (importCmd) Run(p *program.Env, g *program.Globals) error {
	return visit(p, g, func(ctx context.Context, s *site) error {
		return s.once(ctx, importing, p.Stderr, true)
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

// once asks the tracker once, and reads the retry queue. The first error
// ends it: whoever called it will call again.
func (s *site) once(ctx context.Context, m mode, progress io.Writer, always bool) error {
	pump := s.pump(m, slog.New(slog.DiscardHandler)) // an error is returned, and poison logged at the end
	stop := count(progress, s, always)
	err := program.Once(ctx, pump)
	stop()
	r := s.report()
	if err != nil {
		r.Error = err.Error()
	}
	if kerr := s.keep(context.WithoutCancel(ctx), r); err == nil {
		err = kerr
	}
	if err == nil {
		err = program.Once(ctx, s.again(true))
	}
	if err != nil {
		return &exit.Error{Code: exit.TempFail, Err: err}
	}
	if c, err := s.node.Journal.Reader().Counts(ctx); err == nil && c.Poisoned > 0 {
		s.log.Warn("changes are kept as poison; see soapbus poison", "count", c.Poisoned)
	}
	return nil
}

// count writes now and then how far a long round is, one line each time.
func count(w io.Writer, s *site, always bool) (stop func()) {
	const every = 10 * time.Second
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
				r := s.report()
				if always || !r.Based { // the first round of a large tracker takes hours
					show.Fprintf(w, "%d requests; %d bugs known; news of %d; the sweep is at %d of %d\n", r.Requests, r.Known, r.Published, r.Cursor, r.High)
				}
			}
		}
	})
	return func() {
		close(ended)
		wg.Wait()
	}
}
