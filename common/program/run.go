package program

import (
	"context"
	"errors"
	"slices"

	"busbar/common/node"
)

// RunCommand is the daemon: a pump for each source, all into one journal, and the
// publisher that empties it. Several commands may be it, for different sources.
type RunCommand struct{}

// Run runs until it is ended by a signal, or something fails for good.
func (RunCommand) Run(k *Selected, p *Env, g *Globals) (err error) {
	log := g.Logger(p)
	ctx, hangup, stop := p.Signals()
	defer stop()
	cfg, err := p.load(g)
	if err != nil {
		return err
	}
	s, err := p.open(ctx, cfg, k.Leaf, log)
	if err != nil {
		return Begun(ctx, err)
	}
	defer func() { err = errors.Join(err, s.close()) }()
	if err := s.read(ctx, Opening{}); err != nil {
		return Begun(ctx, err)
	}
	s.Node.Resume(ctx, s.requeue)
	for file, what := range secrets(s.sources) {
		s.Node.Secrets(what, file)
	}
	tasks := []Task{{Name: "the publisher", Run: s.Node.Run}, s.reload(g).task(s.Node, hangup)}
	about := []any{"version", node.Version(), "journal", s.journal}
	var names []string
	for _, r := range s.readings {
		more, err := s.serve(r)
		if err != nil {
			return err
		}
		tasks = append(tasks, more...)
		names = append(names, r.Name)
		about = append(about, r.About...)
	}
	if again := s.retries(false); again != nil {
		s.Node.Watch(retryQueue, again.Err)
		tasks = append(tasks, Task{Name: retryQueue, Run: again.Run})
	}
	log.Info(p.Name+" runs", append(about, "sources", names)...)
	return Serve(ctx, log, s.status, tasks...)
}

// serve is what the daemon does for a source.
func (s *Site) serve(r *reading) ([]Task, error) {
	s.Node.Watch(r.title(), r.failing)
	if r.Dir != "" {
		s.Node.Places(r.Dir)
	}
	tasks := append([]Task{{Name: r.title(), Run: r.pump.Run}}, r.tasks...)
	if r.keeper != nil {
		if err := s.Node.Keep(r.keeper); err != nil {
			return nil, err
		}
		tasks = append(tasks, Task{Name: "the canaries of " + r.title(), Run: r.keeper.Run})
	}
	if r.report() == nil {
		return tasks, nil
	}
	if err := s.Node.Register(Measures(r.Metrics, r.MetricLabels, func() []Metric { return r.report().Metrics() })); err != nil {
		return nil, err
	}
	return append(tasks, Task{Name: "the reports of " + r.title(), Run: func(ctx context.Context) error { return s.announce(ctx, r) }}), nil
}

// reload takes up a changed configuration.
func (s *Site) reload(g *Globals) reload {
	r := reload{program: s.env, running: s.config, load: func() (Config, error) { return s.env.load(g) }}
	for _, src := range s.declared { // also those of other commands, which take theirs up
		r.keys = append(r.keys, src.Keys...)
		if !slices.Contains(s.sources, src) {
			r.keys = append(r.keys, src.Alone...)
		}
	}
	r.take = func(next Config) error {
		for _, src := range s.sources {
			if src.Renew == nil {
				continue
			}
			if err := src.Renew(next); err != nil {
				return err
			}
		}
		return nil
	}
	return r
}
