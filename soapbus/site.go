package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"busbar/common/exit"
	"busbar/common/node"
	"busbar/common/program"
	"busbar/common/pump"
	"busbar/soapbus/sweep"
	"busbar/soapbus/tracker"
)

// source names the tracker in the journal.
const source = "soap"

// How the tracker is asked.
type mode int

const (
	forEver   mode = iota
	once           // one round
	importing      // every bug, once
)

// A site is a configuration with its journal and its tracker, opened.
type site struct {
	cfg     Config
	node    *node.Node
	tracker *tracker.Client
	log     *slog.Logger

	mu    sync.Mutex
	sweep *sweep.Sweep
	err   error
	since time.Time // of err
}

func open(ctx context.Context, p *program.Env, g *program.Globals, log *slog.Logger) (*site, error) {
	cfg, err := load(p, g)
	if err != nil {
		return nil, err
	}
	if err := cfg.something(); err != nil {
		return nil, &exit.Error{Code: exit.Config, Err: fmt.Errorf("starting: %w", err)}
	}
	client, err := cfg.SOAP.client(log, nil)
	if err != nil {
		return nil, &exit.Error{Code: exit.Config, Err: err}
	}
	n, err := node.New(ctx, p.Name, cfg.Bus, cfg.Sign, log)
	if err != nil {
		return nil, err
	}
	n.Resume(ctx, func(item []byte) error { return node.Requeue(node.RetryDir(cfg.Bus.Journal), item, cfg.Bus.Journal) })
	return &site{cfg: cfg, node: n, tracker: client, log: log}, nil
}

// client asks the tracker; via carries the requests, nil: as usual.
func (c SOAPConfig) client(log *slog.Logger, via http.RoundTripper) (*tracker.Client, error) {
	return tracker.New(tracker.Options{
		URL: c.URL.Reveal(), Contact: c.Contact, Rate: float64(c.Rate), Timeout: time.Duration(c.Timeout), MaxReply: int64(c.MaxReply),
		Transport: via, Log: log,
	})
}

func (s *site) close() error { return s.node.Close() }

// pump is the way of the tracker's news into the journal.
func (s *site) pump(m mode, log *slog.Logger) *pump.Pump {
	c := s.cfg.SOAP
	sw := sweep.Open(sweep.Options{
		Tracker: s.tracker, Journal: s.node.Journal, Source: source, Watch: c.watch(), Users: c.Users, First: c.First,
		Interval: time.Duration(c.Interval), Full: time.Duration(c.Full), Recent: time.Duration(c.Recent), Grace: time.Duration(c.Grace),
		// Ten requests' time, so that a polite rate goes with polite retries.
		Backoff: 10 * time.Minute / time.Duration(c.Rate),
		Once:    m == once, Import: m == importing, Log: log,
	})
	s.mu.Lock()
	s.sweep = sw
	s.mu.Unlock()
	return &pump.Pump{
		Channel: sw, Table: translators(), Journal: s.node.Journal, Source: source, Log: log, OnErr: s.note,
	}
}

// again is the pump of requeued changes.
func (s *site) again(once bool) *pump.Pump {
	back := &node.RetryQueue{Dir: node.RetryDir(s.cfg.Bus.Journal), Once: once, Parse: requeued}
	p := &pump.Pump{
		Channel: back, Table: translators(), Journal: s.node.Journal, Source: "retry queue", Log: s.log,
	}
	back.Idle = p.Idle
	return p
}

// note records a transient error, or with nil that it is over.
func (s *site) note(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err, s.since = err, time.Now()
}

// unwell is why nothing new is learned now, or not all of it, or nil.
func (s *site) unwell() error {
	switch r := s.report(); {
	case r.Error != "":
		return errors.New(r.Error)
	case r.Doubt != "":
		return errors.New(r.Doubt)
	}
	return nil
}

// status is one line for systemctl status; errors are the node's to show.
func (s *site) status() string {
	parts := []string{s.node.Status()}
	r := s.report()
	switch {
	case r.Error != "":
	case !r.Based:
		parts = append(parts, fmt.Sprintf("taking note of what is there: %d bugs", r.Known))
	default:
		parts = append(parts, fmt.Sprintf("%d rounds, %d bugs known, news of %d", r.Rounds, r.Known, r.Published))
	}
	return strings.Join(parts, "; ")
}
