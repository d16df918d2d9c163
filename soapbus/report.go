package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"busbar/common/event"
	"busbar/common/journal"
)

// reports is the name under which the journal keeps what is reported.
const reports = "soapbus reports"

const (
	lookEvery  = time.Second
	storeEvery = time.Minute
)

// A report is what was asked and learned: for status and metrics. Its JSON form
// is kept in the journal.
type report struct {
	Watches   string    `json:"watches"`
	Rounds    int64     `json:"rounds"` // since the start
	Last      time.Time `json:"last"`   // end of the last round
	Seconds   float64   `json:"seconds"`
	Requests  int64     `json:"requests"` // since the start
	Bytes     int64     `json:"bytes"`
	Faults    int64     `json:"faults"`
	Failures  int64     `json:"failures"`
	Known     int64     `json:"known"`
	Recent    int64     `json:"recent"` // bugs asked in each round
	Published int64     `json:"told"`   // bugs and usertags with news, since the start
	Waiting   int       `json:"waiting"`
	High      int       `json:"high"`
	Cursor    int       `json:"cursor"`
	Based     bool      `json:"based"` // the baseline is complete
	Error     string    `json:"trouble,omitempty"`
	Doubt     string    `json:"doubt,omitempty"` // what the tracker says and is not believed
}

func (s *site) report() report {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tracker.Stats()
	r := report{Watches: s.cfg.SOAP.watch().String(), Requests: t.Requests, Bytes: t.Bytes, Faults: t.Faults, Failures: t.Failures}
	if s.sweep != nil {
		w := s.sweep.Stats()
		r.Rounds, r.Last, r.Seconds = w.Rounds, w.Last, w.Took.Seconds()
		r.Known, r.Recent, r.Published, r.Waiting = w.Known, w.Hot, w.Published, w.Waiting
		r.High, r.Cursor, r.Based, r.Doubt = w.High, w.Cursor, w.Based, w.Doubt
	}
	// A good answer ends an error, even if it brings no news.
	if s.err != nil && !t.LastSuccess.After(s.since) {
		r.Error = s.err.Error()
	}
	return r
}

// announce keeps the report in the journal, where status finds it: at once
// where the error or the doubt is another one, else now and then.
func (s *site) announce(ctx context.Context) error {
	var kept report
	var at time.Time
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		r := s.report()
		if r.Error != kept.Error || r.Doubt != kept.Doubt || r.Based != kept.Based || r != kept && time.Since(at) >= storeEvery {
			if err := s.keep(ctx, r); err != nil && ctx.Err() == nil {
				s.log.Warn("report could not be stored", "error", err)
			}
			kept, at = r, time.Now()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

func (s *site) keep(ctx context.Context, r report) error {
	value, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = s.node.Journal.Append(ctx, journal.Record{States: []event.State{{Source: reports, Key: source, Value: value}}})
	return err
}

func keptReport(ctx context.Context, r *journal.Reader) (report, error) {
	value, err := r.StateOf(ctx, reports, source)
	if err != nil {
		return report{}, err
	}
	var kept report
	if err := json.Unmarshal(value, &kept); err != nil {
		return report{}, fmt.Errorf("reading the report: %w", err)
	}
	return kept, nil
}
