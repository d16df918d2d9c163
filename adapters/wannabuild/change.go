package wannabuild

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"busbar/common/dbrow"
)

// A Change is one thing that happened in the queue, or one that was found.
type Change struct {
	// Log is a row of transactions, where the log tells the change.
	Log dbrow.Columns `json:"log,omitempty"`
	// Nth is how many rows of the log with the same architecture, suite,
	// package, time and state come before Log.
	Nth int `json:"nth,omitempty"`
	// Newest says that Log is what led to After.
	Newest bool `json:"newest,omitempty"`
	// Follows says that Log certainly comes after Before, whatever their times
	// say: the order of transactions is known.
	Follows bool `json:"follows,omitempty"`
	// Before is the row of packages as it was last published, by our own tracking:
	// the log's prevstate is wrong at times. Nil: not known, or not there.
	Before dbrow.Columns `json:"before,omitempty"`
	// After is the row of packages as it is now, also beside a row of the log
	// that is not the newest: it may still tell a binNMU's number. Nil,
	// without Log and Build: the row is gone.
	After dbrow.Columns `json:"after,omitempty"`
	// Build is a row of pkg_history.
	Build dbrow.Columns `json:"build,omitempty"`
	// Revision is how many changes of this row were seen before. It tells
	// apart changes without a time of their own.
	Revision int64 `json:"revision,omitempty"`
	// Recovered says that the change was found after the fact.
	Recovered bool `json:"recovered,omitempty"`
	// Replaced says that the database itself is another one, or went back.
	Replaced *Replacement `json:"replaced,omitempty"`
}

// A Replacement is what is known of a database that took another one's place.
type Replacement struct {
	Why  string    `json:"why"`
	From string    `json:"from"` // what the database was known by
	To   string    `json:"to"`
	Time time.Time `json:"time"` // when it was noticed
	// Generation is the how manieth it is. Noticed twice, because the first
	// time was not stored, it is one fact.
	Generation int `json:"generation,omitempty"`
}

// ParseChange reads a change from JSON, for explaining: either a Change, or a
// bare row of packages, transactions or pkg_history, known by its columns.
// Values may be strings, numbers, booleans or null.
func ParseChange(text []byte) (Change, error) {
	var top map[string]json.RawMessage
	if err := json.Unmarshal(text, &top); err != nil {
		return Change{}, fmt.Errorf("reading a change: %w", err)
	}
	var c Change
	_, log := top["action"]
	_, build := top["result"]
	_, state := top["state"]
	var err error
	switch {
	case log:
		if c.Log, err = parseColumns(text); err == nil {
			c.Before = ended(c.Log)
		}
	case build:
		c.Build, err = parseColumns(text)
	case state:
		c.After, err = parseColumns(text)
	default:
		return parseWhole(top, text)
	}
	return c, err
}

// ended is what a bare row of the log that deletes says of the row of packages
// that was there; nil for other rows.
func ended(log dbrow.Columns) dbrow.Columns {
	if log.Text("state") != deleted {
		return nil
	}
	before := maps.Clone(log)
	before["state"] = log["prevstate"]
	return before
}

func parseWhole(top map[string]json.RawMessage, text []byte) (c Change, err error) {
	rows := map[string]*dbrow.Columns{"log": &c.Log, "before": &c.Before, "after": &c.After, "build": &c.Build}
	rest := map[string]json.RawMessage{}
	for name, raw := range top {
		dest, ok := rows[name]
		if !ok {
			rest[name] = raw
			continue
		}
		if *dest, err = parseColumns(raw); err != nil {
			return c, fmt.Errorf("reading a change: %s: %w", name, err)
		}
	}
	others, err := json.Marshal(rest)
	if err != nil {
		return c, fmt.Errorf("reading a change: %w", err)
	}
	keep := c
	if err := json.Unmarshal(others, &c); err != nil {
		return keep, fmt.Errorf("reading a change: %w", err)
	}
	if c.Log == nil && c.Before == nil && c.After == nil && c.Build == nil && c.Replaced == nil {
		return c, errors.New("reading a change: it is no row of packages, transactions or pkg_history, and has none of before, after, log and build")
	}
	return c, nil
}

// parseColumns reads one row. null is no row.
func parseColumns(text []byte) (row dbrow.Columns, err error) { return row, json.Unmarshal(text, &row) }

// Advance is what is tracked of a row after a row of the log that is not the
// newest: nil when it deletes. A log row older than what is tracked changes
// nothing.
func Advance(before, log dbrow.Columns, zone *time.Location) dbrow.Columns {
	if before != nil && older(log.Text("time"), before.Text("state_change"), zone) {
		return before
	}
	if log.Text("state") == deleted {
		return nil
	}
	after := maps.Clone(before)
	if after == nil {
		after = dbrow.Columns{}
	}
	if before.Text("version") != log.Text("version") || asked(log) {
		after["binary_nmu_version"] = nil
	}
	for _, name := range []string{"architecture", "package", "distribution", "version", "state"} {
		after[name] = log[name]
	}
	if before == nil || before.Text("state") != log.Text("state") {
		after["previous_state"] = before["state"]
		after["state_change"] = log["time"]
	}
	return after
}

// asked reports whether a row of the log asks for, or cancels, a binNMU.
func asked(log dbrow.Columns) bool { return word(log, "action") == "--binNMU" }

// older reports whether the time a is before b, where both can be read.
func older(a, b string, zone *time.Location) bool {
	x, okA := ParseTime(a, zone)
	y, okB := ParseTime(b, zone)
	return okA && okB && x.Before(y)
}
