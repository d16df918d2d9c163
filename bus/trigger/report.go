package trigger

import (
	"encoding/json"
	"log/slog"
	"slices"
	"sync"
	"time"

	"busbar/common/program"
	"busbar/common/show"
)

// A said is what came of one run: a line of --json.
type said struct {
	Time      time.Time `json:"time"`
	Outcome   string    `json:"outcome"`
	Topic     string    `json:"topic,omitempty"`
	ID        string    `json:"id,omitempty"`
	Publisher string    `json:"publisher,omitempty"`
	Epoch     string    `json:"epoch,omitempty"`
	Number    int64     `json:"number,omitempty"`
	Gap       string    `json:"gap,omitempty"` // why messages are missing, if that is the event
	Attempt   int       `json:"attempt,omitempty"`
	Seconds   float64   `json:"seconds"`
	Error     string    `json:"error,omitempty"`
	File      string    `json:"file,omitempty"` // where the event is kept
}

// What may come of a run.
const (
	handled   = "handled"
	failed    = "failed"
	unstarted = "unstarted" // the command could not be started
	kept      = "kept"      // it failed, and the event is in the folder --poison
)

// saidOf says which event it is.
func saidOf(e *input) said {
	s := said{Topic: e.Topic, ID: e.MsgID, Publisher: e.Publisher, Epoch: e.Epoch, Number: e.Seq}
	if e.gap != nil {
		s.Publisher, s.Epoch, s.Number, s.Gap = e.gap.Publisher, e.gap.Epoch, e.gap.First, e.gap.Reason
	}
	return s
}

// attrs is what of it belongs into a line of the log.
func (s said) attrs() []any {
	var list []any
	for _, pair := range [][2]string{{"id", s.ID}, {"topic", s.Topic}, {"publisher", s.Publisher}, {"gap", s.Gap}, {"file", s.File}, {"error", s.Error}} {
		if pair[1] != "" {
			list = append(list, pair[0], pair[1])
		}
	}
	return slices.Concat(list, []any{"number", s.Number, "attempt", s.Attempt})
}

// newReporter prints what came of each run, if anybody wants to know.
func newReporter(p *program.Env, asJSON bool) func(said) {
	if !asJSON {
		return func(said) {}
	}
	var mu sync.Mutex
	return func(s said) {
		s.Time = time.Now().UTC()
		line, err := json.Marshal(s)
		if err != nil { // texts and numbers have a form always
			return
		}
		mu.Lock()
		defer mu.Unlock()
		_, _ = show.Fprintln(p.Stdout, show.Clean(show.JSON(line))) // who no longer reads is not to be told
	}
}

// lasting is when a failure needs a person.
const lasting = 5 * time.Minute

// levelOf is that of a failure that has lasted since then.
func levelOf(since time.Time) slog.Level {
	if time.Since(since) >= lasting {
		return slog.LevelError
	}
	return slog.LevelWarn
}
