package program

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"busbar/common/event"
	"busbar/common/journal"
)

// A Reporter is a channel that can tell of its work.
type Reporter interface{ Report() Report }

// A Report is what a channel has done, for status, health and metrics. Its JSON form is kept
// in the journal, where status finds it.
type Report interface {
	// Good is when the source was last read well: an error from before is over, also
	// where nothing was stored since.
	Good() time.Time
	// With is the report beside an error.
	With(err string) Report
	// Over is the report beside what was kept before, where this one knows less.
	Over(kept []byte) Report
	// Failing says why nothing is read now, or not all; empty: all is well.
	Failing() string
	// Urgent changes where the report must be kept at once.
	Urgent() string
	// Line is for systemctl status, which shows errors beside it; empty: there is
	// nothing to say.
	Line(source string) string
	Metrics() []Metric
}

const (
	reportEvery = time.Second
	keepEvery   = time.Minute
)

// report tells what is known now; nil: the channel tells nothing.
func (r *reading) report() Report {
	c, ok := r.channel.(Reporter)
	if !ok {
		return nil
	}
	r.mu.Lock()
	err, since := r.err, r.since
	r.mu.Unlock()
	report := c.Report()
	if err != nil && !report.Good().After(since) {
		return report.With(err.Error())
	}
	return report
}

func reportsOf(program string) string { return program + " reports" }

// keep stores a report.
func (s *Site) keep(ctx context.Context, r *reading, report Report) error {
	kept, err := s.Node.Journal.Reader().StateOf(ctx, reportsOf(s.env.Name), r.Name)
	if err == nil {
		report = report.Over(kept)
	} else if !errors.Is(err, journal.ErrNotFound) {
		return err
	}
	value, err := json.Marshal(report)
	if err != nil {
		return err
	}
	_, err = s.Node.Journal.Append(ctx, journal.Record{States: []event.State{{Source: reportsOf(s.env.Name), Key: r.Name, Value: value}}})
	return err
}

// announce keeps the report of a source: at once where that is urgent, else now and then.
func (s *Site) announce(ctx context.Context, r *reading) error {
	var urgent string
	var kept []byte
	var at time.Time
	tick := time.NewTicker(reportEvery)
	defer tick.Stop()
	for {
		report := r.report()
		text, err := json.Marshal(report)
		if err != nil {
			return fmt.Errorf("reporting on %s: %w", r.Name, err)
		}
		if report.Urgent() != urgent || !bytes.Equal(text, kept) && time.Since(at) >= keepEvery {
			if err := s.keep(ctx, r, report); err != nil && ctx.Err() == nil {
				s.log.Warn("report could not be stored", "source", r.Name, "error", err)
			}
			urgent, kept, at = report.Urgent(), text, time.Now()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// KeptReport reads the report of a source from the journal; what it does not have
// leaves report as it is.
func KeptReport(ctx context.Context, r *journal.Reader, program, source string, report any) error {
	value, err := r.StateOf(ctx, reportsOf(program), source)
	if errors.Is(err, journal.ErrNotFound) {
		return nil
	}
	if err == nil {
		err = json.Unmarshal(value, report)
	}
	if err != nil {
		return fmt.Errorf("reading the report of %s: %w", source, err)
	}
	return nil
}
