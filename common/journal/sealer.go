package journal

import (
	"errors"
	"fmt"
	"runtime"
	"sync"

	"busbar/common/event"
)

// A sealer signs the messages of one batch on all processors, each from the moment
// it has its place in the chain, which it can because hashes do not cover
// signatures: meanwhile the next ones get their places, and what else the batch
// says is written.
type sealer struct {
	sign  func(*event.Encoded) error // nil: messages go out unsigned
	slots chan struct{}              // one for each processor
	work  sync.WaitGroup

	mu     sync.Mutex
	failed error // one cause is enough: it is the key's, not the message's
}

func newSealer(sign func(*event.Encoded) error) *sealer {
	return &sealer{sign: sign, slots: make(chan struct{}, runtime.GOMAXPROCS(0))}
}

// begin seals m, whose bytes are there when wait has returned.
func (s *sealer) begin(m *message) {
	m.sealed = make(chan struct{})
	if s.sign == nil {
		s.seal(m)
		return
	}
	s.work.Go(func() {
		s.slots <- struct{}{}
		defer func() { <-s.slots }()
		s.seal(m)
	})
}

func (s *sealer) seal(m *message) {
	defer close(m.sealed)
	if s.sign != nil {
		if s.err() != nil {
			return
		}
		if err := s.sign(m.encoded); err != nil {
			s.fail(fmt.Errorf("signing: %w", err))
			return
		}
	}
	m.Wire, m.encoded = m.encoded.Bytes(), nil
}

// wait waits until m is sealed, or any of the batch cannot be.
func (s *sealer) wait(m *message) error {
	<-m.sealed
	return s.err()
}

// errAbandoned ends what nobody waits for any more.
var errAbandoned = errors.New("the batch failed")

// end leaves nothing running.
func (s *sealer) end() {
	s.fail(errAbandoned)
	s.work.Wait()
}

func (s *sealer) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed == nil {
		s.failed = err
	}
}

func (s *sealer) err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}
