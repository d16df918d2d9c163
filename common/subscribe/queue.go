package subscribe

import "context"

// wait gives up s.mu until something has changed, or ctx ends.
func (s *Subscriber) wait(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.changed.Broadcast()
	})
	defer stop()
	if ctx.Err() == nil && s.ctx.Err() == nil {
		s.changed.Wait()
	}
	if s.ctx.Err() != nil {
		return ErrClosed
	}
	return ctx.Err()
}

// offer queues the next item of its stream. It says no where there is no room,
// unless it may wait. The caller is the one who may queue for that stream now, and
// holds s.mu.
func (s *Subscriber) offer(ctx context.Context, it *item, wait bool) (bool, error) {
	for {
		if it.hasFact && it.gap == nil {
			if _, known := s.facts.Get(it.fact); known {
				s.duplicates++
				s.pass(it)
				return true, nil
			}
		}
		if len(s.queue) == 0 || s.queued+it.cost() <= s.o.Queue && len(s.queue) < maxQueued {
			break
		}
		if !wait {
			return false, nil
		}
		if err := s.wait(ctx); err != nil {
			return false, err
		}
	}
	s.push(it)
	return true, nil
}

// maxQueued is how many items may wait, however small they are.
const maxQueued = 4096

func (s *Subscriber) push(it *item) {
	e := &entry{st: it.st, fact: it.fact, hasFact: it.hasFact, seq: it.seq}
	if st := it.st; st != nil {
		e.after = s.placeOf(it)
		st.at = e.after
		st.flight = append(st.flight, e)
		st.begin = false
	}
	if it.hasFact {
		s.remember(it)
	}
	if it.gap != nil {
		s.gaps[it.gap.Reason]++
		s.o.Log.Warn("messages are missing for good", "publisher", it.gap.Publisher, "gap", it.gap.String())
	}
	s.queue = append(s.queue, queued{it, e})
	s.queued += it.cost()
	s.changed.Broadcast()
}

// end moves a stream to its end, which nothing tells the caller.
func (s *Subscriber) end(st *stream) {
	st.at.ended = true
	if n := len(st.flight); n > 0 {
		st.flight[n-1].after, st.flight[n-1].recorded = st.at, false
		return
	}
	st.acked, st.dirty = st.at, true
	s.changed.Broadcast()
}

// queued is an item that waits to be handed out.
type queued struct {
	*item
	entry *entry
}

// pass moves a stream over an item that is not handed out.
func (s *Subscriber) pass(it *item) {
	st := it.st
	if st == nil {
		return
	}
	st.at, st.begin = s.placeOf(it), false
	s.numbers.Put(number{st.id, it.seq}, it.fact)
	if n := len(st.flight); n > 0 {
		st.flight[n-1].after = st.at
		st.flight[n-1].recorded = false
		return
	}
	st.acked, st.dirty = st.at, true
	s.changed.Broadcast()
}

func (s *Subscriber) placeOf(it *item) place {
	p := place{turn: it.st.at.turn, seq: it.seq, hash: it.hash, ended: it.last}
	if it.turn {
		p.turn++
	}
	return p
}

func (s *Subscriber) remember(it *item) {
	id := int64(0)
	if it.st != nil {
		id = it.st.id
		s.numbers.Put(number{id, it.seq}, it.fact)
	}
	s.facts.Put(it.fact, struct{}{})
}

// A number is one of a stream.
type number struct{ stream, seq int64 }
