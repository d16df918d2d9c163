package replay

import (
	"errors"
	"maps"
	"net"
)

// Stats counts what a server was asked since its start.
type Stats struct {
	Peers    int              `json:"peers"`    // connected now
	Busy     int              `json:"busy"`     // being answered now
	Queries  map[string]int64 `json:"queries"`  // in fedmsg's form, by what they were answered with: messages, error
	Streams  map[string]int64 `json:"streams"`  // by why they ended; left: the peer went first
	Messages int64            `json:"messages"` // said again
	Bytes    int64            `json:"bytes"`    // of these
	Delayed  int64            `json:"delayed"`  // requests of hosts that sent too many
	Refused  int64            `json:"refused"`  // connections for which there was no place
	Cut      map[string]int64 `json:"cut"`      // connections that were ended, by reason
}

func newStats() Stats {
	return Stats{Queries: map[string]int64{}, Streams: map[string]int64{}, Cut: map[string]int64{}}
}

// Stats is a snapshot.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.stats
	t.Queries, t.Streams, t.Cut = maps.Clone(t.Queries), maps.Clone(t.Streams), maps.Clone(t.Cut)
	t.Peers = len(s.peers)
	for p := range s.peers {
		if p.busy {
			t.Busy++
		}
	}
	return t
}

// sent counts messages that were written.
func (s *Server) sent(messages, bytes int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.Messages += int64(messages)
	s.stats.Bytes += int64(bytes)
}

// ended counts a stream.
func (s *Server) ended(why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.Streams[why]++
}

// answered counts a query.
func (s *Server) answered(with string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.Queries[with]++
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}
