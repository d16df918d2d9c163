package sweep

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"busbar/adapters/debbugs"
	"busbar/common/event"
	"busbar/common/journal"
)

// A saying is one change that another publisher published, with a number that
// grows: what is known of a bug says up to which of them it has.
type saying struct {
	N    int64        `json:"n"`
	At   int64        `json:"at"` // Unix seconds
	Said debbugs.Said `json:"said"`
}

// mostSaid is how many sayings are kept of one bug until it is asked: older ones
// would be long past.
const mostSaid = 300

// saidAge is for how long a saying is kept of a bug that is never asked.
const saidAge = 14 * 24 * time.Hour

// saidSource names the sayings in the journal.
func (s *Sweep) saidSource() string { return s.o.Source + " said" }

// Say records that another publisher published this: id is not published here again,
// and what the bus was told of a bug from now on is what was said. The
// bugs are asked next: where one change came by mail, others may have been missed.
func (s *Sweep) Say(ctx context.Context, id uuid.UUID, topic string, body []byte) error {
	s.saying.Lock()
	defer s.saying.Unlock()
	r := journal.Record{Suppressed: []uuid.UUID{id}}
	add := func(key string, list ...debbugs.Said) error {
		have, err := s.sayings(ctx, key)
		if err != nil {
			return err
		}
		for _, said := range list {
			s.lastSaid = max(s.lastSaid+1, s.o.Now().UnixMicro())
			have = append(have, saying{s.lastSaid, s.o.Now().Unix(), said})
		}
		value, err := json.Marshal(have[max(0, len(have)-mostSaid):])
		r.States = append(r.States, event.State{Source: s.saidSource(), Key: key, Value: value})
		return err
	}
	bugs := debbugs.SaidOf(topic, body)
	for bug, list := range bugs {
		if err := add(strconv.Itoa(bug), list...); err != nil {
			return err
		}
	}
	if user, tag, said, ok := debbugs.UsertagSaid(topic, body); ok {
		if err := add(tagKey(user, tag), said); err != nil {
			return err
		}
	}
	s.anySaid.Store(s.anySaid.Load() || len(r.States) > 0)
	if _, err := s.o.Journal.Append(ctx, r); err != nil {
		return fmt.Errorf("storing what the bus published: %w", err)
	}
	var about struct {
		Bug int `json:"bug"`
	}
	if json.Unmarshal(body, &about) == nil { // also a comment, which says nothing of a state
		s.Hint(about.Bug)
	}
	for bug := range bugs {
		s.Hint(bug)
	}
	return nil
}

// catchUp waits, once, until what others said meanwhile is known.
func (s *Sweep) catchUp(ctx context.Context) error {
	received := s.o.Received
	if s.o.Received = nil; received == nil {
		return nil
	}
	late := time.NewTimer(s.o.Patience)
	defer late.Stop()
	select {
	case <-received:
	case <-late.C:
		s.log.Warn("not all that other publishers said is known; some changes may be published twice", "waited", s.o.Patience)
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// sayings are those of a bug, or of a user's tag.
func (s *Sweep) sayings(ctx context.Context, key string) (all []saying, err error) {
	value, err := s.o.Journal.Reader().StateOf(ctx, s.saidSource(), key)
	if errors.Is(err, journal.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(value, &all); err != nil {
		return nil, fmt.Errorf("reading what was said of %s: %w", key, err)
	}
	return all, nil
}

// said is what was said after one number and up to another, and when the last of
// it was.
func (s *Sweep) said(ctx context.Context, key string, after, upTo int64) (said []debbugs.Said, last time.Time, err error) {
	if !s.anySaid.Load() {
		return nil, last, nil
	}
	all, err := s.sayings(ctx, key)
	for _, one := range all {
		if one.N > after {
			last = time.Unix(one.At, 0)
		}
		if one.N > after && one.N <= upTo {
			said = append(said, one.Said)
		}
	}
	return said, last, err
}

// saidOf is what was said of a bug that is not in what is known of it.
func (s *Sweep) saidOf(ctx context.Context, bug int, k *known, upTo int64) ([]debbugs.Said, time.Time, error) {
	after := int64(0)
	if k != nil {
		after = k.Said
	}
	return s.said(ctx, strconv.Itoa(bug), after, upTo)
}

// upToNow is the number of the newest saying. It is asked for before the tracker
// is: what is said later may be of what the tracker did later.
func (s *Sweep) upToNow() int64 {
	s.saying.Lock()
	defer s.saying.Unlock()
	return s.lastSaid
}

// loadSaid reads what is there, and drops what is too old to be of use.
func (s *Sweep) loadSaid(ctx context.Context) error {
	s.saying.Lock()
	defer s.saying.Unlock()
	var old []event.State
	since := s.o.Now().Add(-saidAge).Unix()
	err := s.o.Journal.Reader().EachState(ctx, s.saidSource(), func(key string, value []byte) error {
		var all []saying
		if err := json.Unmarshal(value, &all); err != nil {
			return fmt.Errorf("reading what was said of %s: %w", key, err)
		}
		if len(all) == 0 || all[len(all)-1].At < since {
			old = append(old, event.State{Source: s.saidSource(), Key: key})
			return nil
		}
		s.anySaid.Store(true)
		s.lastSaid = max(s.lastSaid, all[len(all)-1].N)
		return nil
	})
	if err != nil || len(old) == 0 {
		return err
	}
	for part := range slices.Chunk(old, 1000) {
		if _, err := s.o.Journal.Append(ctx, journal.Record{States: part}); err != nil {
			return err
		}
	}
	return nil
}

func tagKey(user, tag string) string { return "usertag\x00" + user + "\x00" + tag }
