package subscribe

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"busbar/common/condition"
	"busbar/common/discovery"
)

// A Status is how a subscriber is now.
type Status struct {
	Streams    []Stream           `json:"streams"`
	Live       []string           `json:"live"`      // endpoints of publishers that count nothing
	Connected  map[string]bool    `json:"connected"` // by endpoint
	Sources    []discovery.Status `json:"sources"`
	Queued     int                `json:"queued"`     // messages that wait to be handed out
	InFlight   int                `json:"in_flight"`  // handed out and not acknowledged
	Duplicates int64              `json:"duplicates"` // left out since the start
	Refused    int64              `json:"refused"`    // not believed since the start
	Gaps       map[Reason]int64   `json:"gaps"`       // named since the start
	Error      string             `json:"error,omitempty"`
	since      time.Time
}

// A Stream is one sequence of a publisher.
type Stream struct {
	Publisher string `json:"publisher"`
	Epoch     string `json:"epoch"`
	Signer    string `json:"signer,omitempty"`
	Endpoint  string `json:"endpoint,omitempty"` // where it spoke last
	Position  int64  `json:"position"`           // all up to here is acknowledged
	Queued    int64  `json:"queued"`             // all up to here is queued or handed out
	Newest    int64  `json:"newest"`             // the newest that is known
	Ended     bool   `json:"ended"`              // another sequence followed
	Repairing bool   `json:"repairing"`
	// Deaf is since when the position stands still while the publisher goes on. Why
	// says whose fault it is.
	Deaf time.Time `json:"deaf,omitzero"`
	// Silent is since when heartbeats are overdue.
	Silent time.Time `json:"silent,omitzero"`
	Why    string    `json:"why,omitempty"`
}

// defaultBeat is the interval of heartbeats that none has said yet.
const defaultBeat = 30 * time.Second

// beat takes note of a heartbeat. A position that stood still since the last one,
// which already said that there is more, is an alarm. An extra one, for who has just
// come, is no measure of that.
func (s *Subscriber) beat(st *stream, newest int64, interval time.Duration, extra bool) {
	h := &st.beat
	defer func() { h.last, h.interval, h.silent = s.now(), interval, time.Time{} }()
	if !h.silent.IsZero() {
		s.o.Log.Info("heartbeats come again", "publisher", st.publisher)
	}
	if extra {
		return
	}
	stood := !h.last.IsZero() && st.acked == h.acked && h.newest > h.acked.seq
	switch {
	case stood && h.deaf.IsZero():
		h.deaf = h.last
		s.o.Log.Error("the position stands still while the publisher goes on", "publisher", st.publisher, "position", st.acked.seq, "newest", newest, "why", st.why())
	case !stood:
		s.moves(st)
	}
	h.newest, h.acked = newest, st.acked
}

// moved takes note that the position may have moved.
func (s *Subscriber) moved(st *stream) {
	if st.acked != st.beat.acked {
		s.moves(st)
	}
}

func (s *Subscriber) moves(st *stream) {
	if !st.beat.deaf.IsZero() {
		st.beat.deaf = time.Time{}
		s.o.Log.Info("the position moves again", "publisher", st.publisher, "position", st.acked.seq)
	}
}

// why says whose fault it is that a position does not move.
func (st *stream) why() string {
	switch {
	case len(st.flight) > 0:
		return fmt.Sprintf("%d messages wait or are not acknowledged, from %d on", len(st.flight), st.flight[0].seq)
	case st.failing != nil:
		return "what is missing cannot be had: " + st.failing.Error()
	case st.repairing:
		return "what is missing is being asked for"
	}
	return "nothing came"
}

// watch notices heartbeats that do not come.
func (s *Subscriber) watch() {
	s.mu.Lock()
	start := s.now()
	s.mu.Unlock()
	look := time.NewTicker(time.Second)
	defer look.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-look.C:
		}
		s.mu.Lock()
		for _, p := range s.publishers {
			s.overdue(p.streams[len(p.streams)-1], start)
		}
		s.mu.Unlock()
	}
}

// overdue notes that a publisher is silent. One that sends no heartbeats is not.
func (s *Subscriber) overdue(st *stream, start time.Time) {
	h := &st.beat
	last, interval := h.last, h.interval
	if last.IsZero() { // known from the position alone, or never sent one
		last, interval = start, defaultBeat
	}
	if interval > 0 && h.silent.IsZero() && s.now().Sub(last) > 2*interval+time.Second {
		h.silent = last
		s.o.Log.Warn("a publisher is silent: its heartbeats are overdue", "publisher", st.publisher, "since", last)
	}
}

// Status is a snapshot.
func (s *Subscriber) Status() Status {
	out := Status{Connected: s.follower.Connected(), Sources: s.follower.Sources()}
	s.mu.Lock()
	defer s.mu.Unlock()
	out.Queued, out.InFlight, out.Duplicates, out.Refused, out.Gaps = len(s.queue), s.flight, s.duplicates, s.refused, maps.Clone(s.gaps)
	out.Live = slices.Sorted(maps.Keys(s.plains))
	if s.saveErr != nil {
		out.Error, out.since = "writing the position: "+explain(s.saveErr).Error(), s.saveSince
	}
	for k, st := range s.streams {
		one := Stream{
			Publisher: k.publisher, Epoch: k.epoch, Signer: k.signer, Endpoint: st.endpoint(),
			Position: st.acked.seq, Queued: st.at.seq, Newest: max(st.known, st.at.seq), Ended: st.at.ended,
			Repairing: st.repairing, Deaf: st.beat.deaf, Silent: st.beat.silent,
		}
		if !one.Deaf.IsZero() || st.failing != nil {
			one.Why = st.why()
		}
		out.Streams = append(out.Streams, one)
	}
	slices.SortFunc(out.Streams, func(a, b Stream) int {
		return cmp.Or(cmp.Compare(a.Publisher, b.Publisher), cmp.Compare(a.Epoch, b.Epoch), cmp.Compare(a.Signer, b.Signer))
	})
	return out
}

// Conditions is what is not as it should be, for a program's health: deaf, silent,
// sources that cannot be read, a position that cannot be written.
func (s Status) Conditions() []condition.Condition {
	var list []condition.Condition
	for _, st := range s.Streams {
		name := st.Publisher + ", epoch " + st.Epoch
		if !st.Deaf.IsZero() {
			list = append(list, condition.Condition{Name: "deaf", Level: condition.Fail, Since: st.Deaf,
				Text: fmt.Sprintf("the position of %s stands at %d while it says %d: %s", name, st.Position, st.Newest, st.Why),
				Hint: "if messages are not acknowledged, look at what takes them; else at the publisher's endpoint"})
		}
		if !st.Silent.IsZero() {
			list = append(list, condition.Condition{Name: "silent", Level: condition.Warn, Since: st.Silent,
				Text: "the heartbeats of " + name + " are overdue", Hint: "look whether it runs, and whether " + st.Endpoint + " can be reached"})
		}
	}
	for _, source := range s.Sources {
		if source.State != discovery.Found {
			list = append(list, condition.Condition{Name: "discovery", Level: condition.Warn, Since: source.Since,
				Text: fmt.Sprintf("%s is %s %s", source.Source, source.State, source.Error)})
		}
	}
	if s.Error != "" {
		list = append(list, condition.Condition{Name: "position", Level: condition.Fail, Since: s.since, Text: s.Error})
	}
	condition.Sort(list)
	return list
}
