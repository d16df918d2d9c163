package program

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"busbar/common/canary"
	"busbar/common/exit"
	"busbar/common/journal"
	"busbar/common/node"
	"busbar/common/pump"
)

// A Site is what a command reads: the sources that are declared for it, beside the
// journal.
type Site struct {
	Node *node.Node

	env      *Env
	config   Config
	journal  string // its file
	log      *slog.Logger
	declared []*Source // of all commands
	sources  []*Source // of this one
	readings []*reading
}

// A reading is a source that is open.
type reading struct {
	*Source
	channel pump.Channel
	pump    *pump.Pump
	tasks   []Task
	keeper  *canary.Keeper // nil: no canaries go through it

	mu    sync.Mutex
	err   error // the transient error that stops it
	since time.Time
}

// open opens the journal, and no source yet.
func (p *Env) open(ctx context.Context, cfg Config, command string, log *slog.Logger) (*Site, error) {
	s := &Site{env: p, config: cfg, log: log, declared: cfg.Sources(log)}
	s.sources = of(s.declared, command)
	bus := cfg.Common().Bus
	for _, src := range s.sources {
		if src.Prepare != nil {
			if err := src.Prepare(log); err != nil {
				return nil, exit.Of(err)
			}
		}
		if src.Journal != "" {
			bus.Journal = src.Journal
		}
	}
	s.journal = bus.Journal
	n, err := node.New(ctx, p.Name, bus, cfg.Common().Sign, log)
	if s.Node = n; err == nil {
		n.AddSinks(cfg.Common())
	}
	return s, err
}

// read opens the sources.
func (s *Site) read(ctx context.Context, how Opening) error {
	for _, src := range s.sources {
		r := &reading{Source: src}
		r.pump = &pump.Pump{
			Table: table(s.config), Journal: s.Node.Journal, Source: src.Name, Read: src.Read, Log: s.log, OnErr: r.note,
			Judge: judge(s.config),
		}
		if how.Once || how.Import { // an error is returned, and poison counted at the end
			r.pump.Log = slog.New(slog.DiscardHandler)
		}
		if src.Canary != nil {
			if err := s.canary(ctx, r); err != nil {
				return err
			}
		}
		o := how
		o.Node, o.Log, o.Idle = s.Node, s.log, r.pump.Idle
		channel, err := src.Open(ctx, &o)
		if err != nil {
			return exit.Of(err)
		}
		r.channel, r.pump.Channel, r.tasks = channel, channel, o.tasks
		s.readings = append(s.readings, r)
	}
	return nil
}

// Channel is the channel of a source that is open.
func (s *Site) Channel(name string) pump.Channel {
	for _, r := range s.readings {
		if r.Name == name {
			return r.channel
		}
	}
	return nil
}

// leave ends what read began.
func (s *Site) leave() (err error) {
	for _, r := range s.readings {
		if c, ok := r.channel.(io.Closer); ok {
			err = errors.Join(err, c.Close())
		}
	}
	s.readings = nil
	return err
}

func (s *Site) close() error { return errors.Join(s.leave(), s.Node.Close()) }

// retries is the pump of requeued items; nil: no source's come by the retry queue.
func (s *Site) retries(once bool) *pump.Pump {
	parse := parser(s.sources)
	if parse == nil {
		return nil
	}
	back := &node.RetryQueue{Dir: node.RetryDir(s.journal), Once: once, Parse: parse}
	p := &pump.Pump{Channel: back, Table: table(s.config), Journal: s.Node.Journal, Source: retryQueue, Judge: judge(s.config), Log: s.log}
	back.Idle = p.Idle
	return p
}

const retryQueue = "retry queue"

// parser reads requeued items; nil: no source's come by the retry queue.
func parser(sources []*Source) func(source string, item []byte) any {
	if !slices.ContainsFunc(sources, func(s *Source) bool { return s.Parse != nil }) {
		return nil
	}
	return func(source string, item []byte) any {
		s := madeBy(sources, source, item)
		if s.Parse == nil {
			return fmt.Errorf("reading a requeued item: %q, the source that made it, does not read it again", source)
		}
		value, err := s.Parse(item)
		if err != nil {
			return err
		}
		return value
	}
}

func (s *Site) requeue(row journal.PoisonRow) error { return requeue(s.declared, s.journal, row) }

// note records a transient error, or with nil that it is over.
func (r *reading) note(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err, r.since = err, time.Now()
}

// failing is why nothing is read now, or not all of it; nil: all is well.
func (r *reading) failing() error {
	if report := r.report(); report == nil {
		return r.pump.Err()
	} else if text := report.Failing(); text != "" {
		return errors.New(text)
	}
	return nil
}

// status is one line for systemctl status; errors are the node's to show.
func (s *Site) status() string {
	parts := []string{s.Node.Status()}
	for _, r := range s.readings {
		if report := r.report(); report != nil {
			if line := report.Line(r.title()); line != "" {
				parts = append(parts, line)
			}
		}
	}
	return strings.Join(parts, "; ")
}

// countPoison says that something waits for a person.
func (s *Site) countPoison(ctx context.Context) {
	if c, err := s.Node.Journal.Reader().Counts(ctx); err == nil && c.Poisoned > 0 {
		s.log.Warn("changes are kept as poison; see "+s.env.Name+" poison", "count", c.Poisoned)
	}
}
