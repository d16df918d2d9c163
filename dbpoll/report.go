package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"busbar/common/event"
	"busbar/common/journal"
)

// reports is the name under which the journal keeps what sources report.
const reports = "dbpoll reports"

const (
	lookEvery  = time.Second
	storeEvery = time.Minute
)

// announce keeps the source's report in the journal, where status finds it: at
// once where the access or the error is another one, else now and then.
func announce(ctx context.Context, s *source, j *journal.Journal, log *slog.Logger) error {
	var kept report
	var at time.Time
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		r := s.report()
		news := r.Level != kept.Level || r.Error != kept.Error || !slices.Equal(r.Architectures, kept.Architectures)
		if news || r.Polls != kept.Polls && time.Since(at) >= storeEvery {
			if err := keep(ctx, s, r, j); err != nil && ctx.Err() == nil {
				log.Warn("report could not be stored", "source", s.name, "error", err)
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

// keep stores a report. One without a level, as before the first good poll,
// keeps what was known before, but for the error.
func keep(ctx context.Context, s *source, r report, j *journal.Journal) error {
	if r.Level == "" {
		was, err := keptReport(ctx, j.Reader(), s.name)
		if err != nil && !errors.Is(err, journal.ErrNotFound) {
			return err
		}
		was.Error = r.Error
		r = was
	}
	value, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = j.Append(ctx, journal.Record{States: []event.State{{Source: reports, Key: s.name, Value: value}}})
	return err
}

func keptReport(ctx context.Context, r *journal.Reader, name string) (report, error) {
	value, err := r.StateOf(ctx, reports, name)
	if err != nil {
		return report{}, err
	}
	var kept report
	if err := json.Unmarshal(value, &kept); err != nil {
		return report{}, fmt.Errorf("reading the report of %s: %w", name, err)
	}
	return kept, nil
}
