package nats

import (
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// JetStream acknowledges before its disk has a message: a power cut takes what it had
// acknowledged up to two minutes before (sync_interval). So the newest messages are kept
// in memory, and published again where the stream is found to have lost them.
const (
	keptMessages = 16 << 10
	keptBytes    = 16 << 20
)

// keep keeps what the stream acknowledged.
func (s *Sink) keep(list []*sent) {
	for _, e := range list {
		s.kept = append(s.kept, e)
		s.keptSize += len(e.m.Wire)
	}
	n := 0
	for len(s.kept)-n > keptMessages || s.keptSize > keptBytes {
		s.keptSize -= len(s.kept[n].m.Wire)
		n++
	}
	clear(s.kept[:n])
	s.kept = s.kept[n:]
}

// lose finds what of the kept messages a stream has lost that was made at created.
func (s *Sink) lose(created time.Time, info *jetstream.StreamInfo) {
	if s.back = nil; !created.Equal(info.Created) {
		s.kept, s.keptSize = nil, 0
		return
	}
	for i, e := range s.kept {
		if e.at > info.State.LastSeq {
			s.back, s.kept = s.kept[i:], s.kept[:i:i]
			break
		}
	}
	s.keptSize = 0
	for _, e := range s.kept {
		s.keptSize += len(e.m.Wire)
	}
	if n := len(s.back); n > 0 {
		s.log().Warn("the stream lost what it had acknowledged; publishing it again", "stream", info.Config.Name, "behind", info.State.LastSeq, "messages", n)
		s.note(func(st *State) { st.Restored += uint64(n) })
	}
}

// lostOnes are the messages to be published again, once.
func (s *Sink) lostOnes() []*sent {
	list := s.back
	s.back = nil
	return list
}
