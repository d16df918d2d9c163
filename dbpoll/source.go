package main

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"busbar/common/journal"
	"busbar/common/program"
	"busbar/common/pump"
	"busbar/common/translate"
	"busbar/dbpoll/database"
)

// How a source is read.
type mode int

const (
	forEver   mode = iota
	once           // one poll
	importing      // the present state, once
)

// A poller is a channel of changed rows that can tell of its work.
type poller interface {
	pump.Channel
	Report() report
}

// A report is what a source has done and may read: for status and metrics. Its
// JSON form is kept in the journal.
type report struct {
	Level         string    `json:"level,omitempty"` // what the account may read; empty: not known yet
	Meaning       []string  `json:"meaning,omitempty"`
	Architectures []string  `json:"architectures,omitempty"`
	Polls         int64     `json:"polls"` // since the start
	Last          time.Time `json:"last"`  // end of the last good poll
	Seconds       float64   `json:"seconds"`
	Rows          int64     `json:"rows"` // that the last comparison covered
	Changes       int64     `json:"changes"`
	Pause         float64   `json:"pause"`   // seconds before the next poll
	Skipped       int64     `json:"skipped"` // comparisons that were not necessary
	Error         string    `json:"trouble,omitempty"`
	Odd           string    `json:"odd,omitempty"` // rows that cannot be followed, and why
}

// A source is something that is polled: the build queue, or a table.
type source struct {
	name string // of its position in the journal
	db   database.Options
	wake chan struct{} // a poll may come at once
	open func(db *database.DB, j *journal.Journal, m mode) (poller, error)
	// check says what of it can be read.
	check func(ctx context.Context, db *database.DB) []program.Finding

	mu    sync.Mutex
	inner poller
	conn  *database.DB
	err   error
	since time.Time // of err
}

// Next opens the database if need be: one that is away is a transient error.
func (c *channel) Next(ctx context.Context) (translate.Item[any], []byte, func(error), error) {
	p, err := c.source.opened(ctx, c.journal, c.mode)
	if err != nil {
		return translate.Item[any]{}, nil, nil, err
	}
	return p.Next(ctx)
}

// A channel is a source that is being read.
type channel struct {
	source  *source
	journal *journal.Journal
	mode    mode
}

func (s *source) opened(ctx context.Context, j *journal.Journal, m mode) (poller, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inner != nil {
		return s.inner, nil
	}
	conn, err := database.Open(ctx, s.db)
	if err != nil {
		return nil, err
	}
	p, err := s.open(conn, j, m)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	s.inner, s.conn = p, conn
	return p, nil
}

// close ends the connection.
func (s *source) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn == nil {
		return nil
	}
	conn := s.conn
	s.inner, s.conn = nil, nil
	return conn.Close()
}

// report tells what is known now.
func (s *source) report() report {
	s.mu.Lock()
	defer s.mu.Unlock()
	var r report
	if s.inner != nil {
		r = s.inner.Report()
	}
	// A good poll ends an error, even if it finds no news.
	if s.err != nil && !r.Last.After(s.since) {
		r.Error = s.err.Error()
	}
	if r.Error == "" {
		r.Error = r.Odd
	}
	return r
}

// note records a transient error, or with nil that it is over.
func (s *source) note(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err, s.since = err, time.Now()
}

// unwell is the error, for /healthz.
func (s *source) unwell() error {
	if t := s.report().Error; t != "" {
		return errors.New(t)
	}
	return nil
}

// pump carries the source's changes into the journal.
func (s *source) pump(c Config, j *journal.Journal, m mode, log *slog.Logger) (*pump.Pump, error) {
	table, err := c.translators()
	if err != nil {
		return nil, err
	}
	return &pump.Pump{
		Channel: &channel{s, j, m}, Table: table, Journal: j, Source: s.name, Log: log, OnErr: s.note,
	}, nil
}
