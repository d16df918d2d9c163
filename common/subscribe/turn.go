package subscribe

import (
	"context"
	"errors"
	"slices"

	"busbar/common/replay"
)

// What a publisher has under a number that was handed out.
const (
	same  = iota + 1 // that message
	other            // another one, or none
	gone             // nobody knows: retention took it
)

// verifyLast looks whether the publisher still has what was handed out last. If it
// has another message there, or none, its journal was put back to an older copy: the
// gap names what was handed out and is no longer true, and the stream goes on from
// where both agree. The same where retention took it and the next one names another.
func (s *Subscriber) verifyLast(ctx context.Context, st *stream, where addresses) error {
	s.mu.Lock()
	last, definite := st.at, st.reused || st.broken || len(st.held) > 0 && st.held[0].seq == st.at.seq+1 && !continues(st, st.held[0])
	s.mu.Unlock()
	is, _, err := s.has(ctx, st, where, last.seq, definite)
	switch {
	case err == nil && (is == other || is == gone && definite):
		return s.turnBack(ctx, st, where, is)
	case err != nil && !elsewhere(err):
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil && definite { // and nobody says from where on
		from := last.seq + 1
		if len(st.held) > 0 {
			from = min(from, st.held[0].seq)
		}
		return s.turn(ctx, st, from-1, "", "no replay is answered there")
	}
	if st.turned = 0; is == same {
		st.turned = last.seq + 1
	}
	st.suspect, st.reused, st.broken = false, false, false
	return nil
}

// turnBack finds the newest message that the publisher still has, by halves. Of what its
// retention took nobody knows whether it was still the same: where nothing newer is, that
// counts as no longer true. last is what it has under the number that was handed out last.
func (s *Subscriber) turnBack(ctx context.Context, st *stream, where addresses, last int) error {
	s.mu.Lock()
	var known []int64
	for n := range s.numbers.All() {
		if n.stream == st.id && n.seq < st.at.seq {
			known = append(known, n.seq)
		}
	}
	s.mu.Unlock()
	slices.Sort(known)
	agreed, hash, unknown := int64(0), "", last == gone
	for low, high := 0, len(known); low < high; {
		half := (low + high) / 2
		is, h, err := s.has(ctx, st, where, known[half], true)
		if err != nil {
			return err
		}
		switch is {
		case other:
			high = half
		case same:
			low, agreed, hash = half+1, known[half], h
		case gone:
			low, unknown = half+1, true
		}
	}
	detail := ""
	if unknown && agreed == 0 {
		detail = "whether it had the same before is not known: its journal no longer keeps that"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if detail != "" {
		agreed = slices.Min(append(known, st.at.seq)) - 1
	}
	return s.turn(ctx, st, agreed, hash, detail)
}

// turn names what is no longer true, and goes on behind agreed.
func (s *Subscriber) turn(ctx context.Context, st *stream, agreed int64, hash, detail string) error {
	it := s.gap(st, agreed+1, st.at.seq, PutBack, detail)
	it.turn, it.seq, it.hash = true, agreed, hash
	if _, err := s.offer(ctx, it, true); err != nil {
		return err
	}
	st.suspect, st.reused, st.broken, st.turned = false, false, false, 0
	st.known, st.toEnd = agreed, true
	return nil
}

// has asks what a publisher has under a number, and its hash. definite says that
// something else is known to have changed: then one that is behind is no excuse.
func (s *Subscriber) has(ctx context.Context, st *stream, where addresses, n int64, definite bool) (is int, hash string, err error) {
	s.mu.Lock()
	before, known := s.numbers.Get(number{st.id, n})
	last := st.at
	s.mu.Unlock()
	r := replay.Range{Publisher: st.publisher, Epoch: st.epoch, From: uint64(n), To: uint64(n)}
	err = errNowhere
	for _, at := range where.all {
		is = other
		one := s.client.Fetch(ctx, at, r, func(topic string, body []byte) error {
			it, err := s.believe(st, topic, body)
			switch {
			case err != nil || it.seq != n:
			case n == last.seq && last.hash != "" && it.hash == last.hash, known && it.fact == before && !(n == last.seq && last.hash != ""):
				is, hash = same, it.hash
			}
			return nil
		})
		if one == nil {
			return is, hash, nil
		}
		if err = weightier(err, one); ctx.Err() != nil || weight(one) == decides {
			break
		}
	}
	var missing *replay.AbsentError
	var dropped *replay.GoneError
	switch {
	case behind(err) && !definite, errors.As(err, &dropped):
		return gone, "", nil
	case errors.As(err, &missing):
		return other, "", nil
	}
	return is, hash, err
}
