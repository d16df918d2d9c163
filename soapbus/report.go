package main

import (
	"cmp"
	"fmt"
	"time"

	"busbar/common/program"
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

	good time.Time // of the last good answer
}

// Good is when the tracker answered last.
func (r report) Good() time.Time { return r.good }

// Failing is the error, or the doubt.
func (r report) Failing() string { return cmp.Or(r.Error, r.Doubt) }

// With has another error.
func (r report) With(err string) program.Report { r.Error = err; return r }

// Urgent is the error, the doubt, and that the baseline is complete.
func (r report) Urgent() string { return fmt.Sprint(r.Error, r.Doubt, r.Based) }

// Over knows all by itself.
func (r report) Over([]byte) program.Report { return r }

// Line is about the rounds.
func (r report) Line(string) string {
	switch {
	case r.Error != "":
		return ""
	case !r.Based:
		return fmt.Sprintf("taking note of what is there: %d bugs", r.Known)
	}
	return fmt.Sprintf("%d rounds, %d bugs known, news of %d", r.Rounds, r.Known, r.Published)
}

// Metrics is every metric of the tracker and the sweep.
func (r report) Metrics() []program.Metric {
	return []program.Metric{
		{Name: "rounds_total", Help: "Rounds since the start.", Value: float64(r.Rounds)},
		{Name: "requests_total", Help: "Requests to the tracker since the start.", Value: float64(r.Requests)},
		{Name: "reply_bytes_total", Help: "Bytes of its replies since the start.", Value: float64(r.Bytes)},
		{Name: "faults_total", Help: "Answers that were SOAP faults, since the start.", Value: float64(r.Faults)},
		{Name: "failures_total", Help: "Requests without an answer that could be read, since the start.", Value: float64(r.Failures)},
		{Name: "news_total", Help: "Bugs and usertags with news, since the start.", Value: float64(r.Published)},
		{Name: "known_bugs", Help: "Bugs that are known.", Value: float64(r.Known)},
		{Name: "recent_bugs", Help: "Bugs that are asked in every round.", Value: float64(r.Recent)},
		{Name: "waiting_bugs", Help: "Bugs with news that are to be published next.", Value: float64(r.Waiting)},
		{Name: "highest_bug", Help: "The highest number that was asked for.", Value: float64(r.High)},
		{Name: "sweep_cursor", Help: "The sweep over all bugs goes on below this number.", Value: float64(r.Cursor)},
		{Name: "based", Help: "1 once the baseline is complete.", Value: program.Yes(r.Based)},
		{Name: "round_seconds", Help: "What the last round took.", Value: r.Seconds},
		{Name: "last_timestamp_seconds", Help: "When the last round ended; 0 before the first.", Value: program.Timestamp(r.Last)},
		{Name: "trouble", Help: "1 while the tracker cannot be asked.", Value: program.Yes(r.Error != "")},
		{Name: "doubt", Help: "1 while a doubtful answer of the tracker waits to be confirmed.", Value: program.Yes(r.Doubt != "")},
	}
}
