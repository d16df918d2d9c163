package state

import (
	"cmp"
	"time"

	"busbar/common/event"
)

// A Stamp is when and by whom something was said.
type Stamp struct {
	Time      int64 // when it happened, by its source if it says so; Unix seconds
	Said      int64 // when its publisher took it
	Publisher string
	Epoch     string
	Turn      int64 // how often the sequence began again before: its journal was put back
	Seq       int64
	N         int64 // its arrival number; it orders nothing
}

// StampOf is the stamp of a message that is arrival n.
func StampOf(e event.Envelope, n, turn int64) Stamp {
	s := Stamp{Time: e.Timestamp, Said: e.Timestamp, Publisher: e.Publisher, Epoch: e.Epoch, Turn: turn, Seq: e.Seq, N: n}
	if at, err := time.Parse(time.RFC3339, e.EventTime); err == nil {
		s.Time = at.Unix()
	}
	if e.Seq <= 0 { // fedmsg's own programs count in another way
		s.Publisher, s.Seq = e.Username, max(e.I, 0)
	}
	s.Time, s.Said = max(s.Time, 0), max(s.Said, 0)
	return s
}

// Compare orders stamps: by time, by when they were said, and then in an order that
// is the same for everybody.
func (s Stamp) Compare(o Stamp) int {
	return cmp.Or(cmp.Compare(s.Time, o.Time), cmp.Compare(s.Said, o.Said), cmp.Compare(s.Publisher, o.Publisher),
		cmp.Compare(s.Epoch, o.Epoch), cmp.Compare(s.Turn, o.Turn), cmp.Compare(s.Seq, o.Seq))
}

// inSequence orders stamps of one sequence.
func (s Stamp) inSequence(o Stamp) int {
	return cmp.Or(cmp.Compare(s.Turn, o.Turn), cmp.Compare(s.Seq, o.Seq))
}

func (s Stamp) sameSequence(o Stamp) bool { return s.Publisher == o.Publisher && s.Epoch == o.Epoch }
