package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"busbar/common/journal"
)

// A position is how far the database was read. It is a hint where it is old:
// what is read twice has the same ids.
type position struct {
	Identity string   `json:"identity"` // of the database
	Log      standing `json:"log"`
	Level    Level    `json:"level"`    // what the account could read
	Began    string   `json:"began"`    // the database's clock at the baseline: nothing before it is ever told from the log
	Horizon  uint64   `json:"fence"`    // every transaction below it is published, as far as the log's end shows
	Whole    uint64   `json:"whole"`    // every transaction below it is published, of the whole log
	Newest   string   `json:"newest"`   // time of the newest row of the log that was published
	History  string   `json:"history"`  // time of the newest build that was published
	Baseline bool     `json:"baseline"` // the baseline is complete
	// Generation counts the databases, and what else makes transaction ids
	// incomparable.
	Generation int `json:"generation,omitempty"`
	// Replaced says that the database is another one and was not compared yet.
	Replaced bool `json:"replaced,omitempty"`
	// Turned says that the account may read other things than before, and that
	// they were not compared yet.
	Turned bool `json:"turned,omitempty"`
	// Again is what was not read again yet of its log.
	Again *again `json:"again,omitempty"`
	// Known are the architectures that the account saw. One that comes later
	// is news; one that was only not wanted is not.
	Known []string `json:"known"`
}

func (p position) encode() []byte {
	text, _ := json.Marshal(p) // strings and numbers
	return text
}

// saveEvery is how old the stored position may be while nothing happens.
const saveEvery = time.Minute

// save stores the position by itself.
func (q *Queue) save(ctx context.Context, now bool) error {
	if q.Ready() > 0 || !q.loaded || !q.at.Baseline || !now && q.o.Now().Sub(q.saved) < saveEvery {
		return nil
	}
	if !q.Settled(ctx) {
		return nil
	}
	_, err := q.o.Journal.Append(ctx, journal.Record{Origin: "wanna-build position", Source: q.o.Source, Position: q.at.encode()})
	if err != nil {
		return fmt.Errorf("storing how far the queue was read: %w", err)
	}
	q.saved = q.o.Now()
	return nil
}

// load reads where an earlier run, or a failed round, left off.
func (q *Queue) load(ctx context.Context) error {
	r := q.o.Journal.Reader()
	text, err := r.Position(ctx, q.o.Source)
	if err != nil && !errors.Is(err, journal.ErrNotFound) {
		return err
	}
	q.at = position{}
	if err == nil {
		if err := json.Unmarshal(text, &q.at); err != nil {
			return fmt.Errorf("reading the position of %s in the journal: %w", q.o.Source, err)
		}
	}
	q.parts, q.reader, q.reread, q.counters, q.compared = nil, nil, nil, counters{}, time.Time{}
	clear(q.held)
	if err := q.builds.load(ctx, r); err != nil {
		return err
	}
	q.loaded = true
	return nil
}

// ReadPosition is what a journal tells of the queue's polls, for people.
func ReadPosition(ctx context.Context, r *journal.Reader, source string) (map[string]string, error) {
	text, err := r.Position(ctx, source)
	if err != nil {
		return nil, err
	}
	var p position
	if err := json.Unmarshal(text, &p); err != nil {
		return nil, fmt.Errorf("reading the position of %s in the journal: %w", source, err)
	}
	return map[string]string{
		"database": p.Identity, "baseline": p.Began, "newest log": p.Newest, "newest build": p.History,
		"horizon (xmin)": fmt.Sprint(p.Horizon), "horizon, whole log": fmt.Sprint(p.Whole),
	}, nil
}
