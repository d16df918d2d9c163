package main

import (
	"encoding/json"
	"fmt"
	"time"

	"busbar/common/program"
)

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

// Good is the end of the last good poll.
func (r report) Good() time.Time { return r.Last }

// Failing is the error, or what cannot be followed.
func (r report) Failing() string { return r.Error }

// With has another error.
func (r report) With(err string) program.Report { r.Error = err; return r }

// Urgent is what the account may read, and the error.
func (r report) Urgent() string { return fmt.Sprint(r.Level, r.Error, r.Architectures) }

// Over keeps what was known before, but for the error, as long as nothing is known.
func (r report) Over(kept []byte) program.Report {
	var was report
	if r.Level != "" || json.Unmarshal(kept, &was) != nil {
		return r
	}
	return was.With(r.Error)
}

// Line is about the polls.
func (r report) Line(source string) string {
	if r.Polls == 0 || r.Error != "" {
		return ""
	}
	return fmt.Sprintf("%s: %d polls, %d changes", source, r.Polls, r.Changes)
}

// Metrics is every metric of a source.
func (r report) Metrics() []program.Metric {
	return []program.Metric{
		{Name: "polls_total", Help: "Good polls since the start.", Value: float64(r.Polls)},
		{Name: "changes_total", Help: "Changes found since the start.", Value: float64(r.Changes)},
		{Name: "comparisons_saved_total", Help: "Comparisons that the server's counters made unnecessary.", Value: float64(r.Skipped)},
		{Name: "seconds", Help: "What the last good poll took, in the database.", Value: r.Seconds},
		{Name: "rows", Help: "Rows that the last comparison covered.", Value: float64(r.Rows)},
		{Name: "last_timestamp_seconds", Help: "When the last good poll ended; 0 before the first.", Value: program.Timestamp(r.Last)},
		{Name: "pause_seconds", Help: "The pause before the next poll; it grows where polls are slow.", Value: r.Pause},
		{Name: "trouble", Help: "1 while the database cannot be read.", Value: program.Yes(r.Error != "")},
		{Name: "access", Help: "Always 1; the label tells what the account may read.", Value: 1, Label: "level", Text: r.Level},
	}
}
