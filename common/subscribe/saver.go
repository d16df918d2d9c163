package subscribe

import (
	"context"
	"time"

	"busbar/common/backoff"
)

// clean says that all that is acknowledged is stored.
func (s *Subscriber) clean() bool {
	if len(s.unsaved) > 0 {
		return false
	}
	for _, st := range s.streams {
		if st.dirty {
			return false
		}
	}
	return true
}

// saver stores what is acknowledged. All that wait while a transaction runs share
// the next one.
func (s *Subscriber) saver() {
	failures := 0
	for {
		s.mu.Lock()
		for s.clean() && s.ctx.Err() == nil {
			s.tried = s.wanted
			s.changed.Broadcast()
			s.changed.Wait()
		}
		ending := s.ctx.Err() != nil
		if s.clean() || s.killed.Load() {
			s.mu.Unlock()
			return
		}
		b, entries, dirty, mine := s.take()
		s.mu.Unlock()
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		err := s.store.save(ctx, b)
		cancel()
		s.mu.Lock()
		s.stored(err, entries, dirty)
		s.tried = mine
		s.changed.Broadcast()
		s.mu.Unlock()
		if ending {
			return
		}
		if failures++; err == nil {
			failures = 0
			continue
		}
		select {
		case <-s.ctx.Done():
		case <-time.After(backoff.Spread(s.o.pauses.After(failures))):
		}
	}
}

// take takes what is to be stored.
func (s *Subscriber) take() (b batch, entries []*entry, dirty []*stream, mine int64) {
	entries, s.unsaved = s.unsaved, nil
	for _, e := range entries {
		if e.hasFact {
			b.seen = append(b.seen, s.seenOf(e))
		}
	}
	for _, st := range s.streams {
		if st.dirty {
			st.dirty = false
			dirty = append(dirty, st)
			b.rows = append(b.rows, rowOf(st, st.acked))
		}
	}
	b.drop = s.drop(b.seen)
	return b, entries, dirty, s.wanted
}

// stored notes how it went.
func (s *Subscriber) stored(err error, entries []*entry, dirty []*stream) {
	if err == nil {
		if s.saveErr != nil {
			s.o.Log.Info("the position is written again")
		}
		s.saveErr = nil
		for _, e := range entries {
			s.settled(e)
		}
		return
	}
	if s.saveErr == nil {
		s.saveSince = s.now()
		s.o.Log.Warn("the position cannot be written, trying again", "error", explain(err))
	}
	s.saveErr = err
	s.unsaved = append(entries, s.unsaved...)
	for _, st := range dirty {
		st.dirty = true
	}
}
