package sweep

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"busbar/common/journal"
)

// A position is where the rounds stand, as the journal keeps it.
type position struct {
	Begun  bool  `json:"begun"`           // the tracker was asked before
	High   int   `json:"high"`            // the highest number that was asked for
	Base   int   `json:"base"`            // the highest number when polling began: what is above is new
	Based  bool  `json:"based"`           // every bug that there was has been recorded
	Cursor int   `json:"cursor"`          // the sweep goes on below this number; until then, from it
	Swept  int64 `json:"swept,omitempty"` // when it last went on, Unix seconds
}

// load reads what is known, once.
func (s *Sweep) load(ctx context.Context) error {
	if s.loaded {
		return nil
	}
	r := s.o.Journal.Reader()
	value, err := r.Position(ctx, s.o.Source)
	if err != nil && !errors.Is(err, journal.ErrNotFound) {
		return err
	}
	if err == nil {
		if err := json.Unmarshal(value, &s.pos); err != nil {
			return fmt.Errorf("reading the position of %s: %w", s.o.Source, err)
		}
	}
	s.stored = s.pos
	known, hot := 0, map[int]int64{}
	since := s.o.Now().Add(-s.o.Recent).Unix()
	err = r.EachState(ctx, s.o.Source, func(key string, value []byte) error {
		bug, err := strconv.Atoi(key)
		if err != nil {
			return fmt.Errorf("reading what is known of %s: the bug %q: %w", s.o.Source, key, err)
		}
		known++
		at, care := head(value)
		if at > since {
			hot[bug] = at
		}
		if care {
			s.due[bug] = due{}
		}
		if !s.o.Watch.everything() {
			s.list = append(s.list, bug)
		}
		return nil
	})
	if err != nil {
		return err
	}
	slices.Sort(s.list)
	if err := s.loadSaid(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hot = hot
	s.stats.Known = int64(known)
	s.loaded = true
	return nil
}

// position is stored with the last item of a poll, once all that its questions
// found was handed out.
func (s *Sweep) position() []byte {
	if len(s.found) > 0 || s.pos == s.stored {
		return nil
	}
	s.stored = s.pos
	value, _ := json.Marshal(s.pos) // numbers always encode
	return value
}

// store keeps the position where there is no item that it could go with.
func (s *Sweep) store(ctx context.Context) error {
	if s.Ready() > 0 || len(s.found) > 0 || s.pos == s.stored {
		return nil
	}
	value, err := json.Marshal(s.pos)
	if err != nil {
		return err
	}
	_, err = s.o.Journal.Append(ctx, journal.Record{Source: s.o.Source, Position: value})
	if err == nil {
		s.stored = s.pos
	}
	return err
}
