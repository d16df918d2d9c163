package hub

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"busbar/common/archive"
	"busbar/common/event"
	"busbar/common/replay"
)

// Retold is the archive as replay's source: of each sequence what its numbers mean now,
// and for fedmsg's queries that name no sequence, all by arrival.
type retold struct{ archive *archive.Archive }

// readAtOnce is how many messages are read for a part of an answer.
const readAtOnce = 256

// Have says what is kept of a sequence. Gaps behind the newest message belong to it:
// they are known not to come.
func (s retold) Have(ctx context.Context, publisher, epoch string) (replay.Have, error) {
	if publisher == "" || epoch == "" {
		one, err := s.newest(ctx, publisher, epoch)
		if err != nil {
			return replay.Have{}, err
		}
		publisher, epoch = one.publisher, one.epoch
	}
	oldest, newest, known, err := s.archive.Span(ctx, publisher, epoch)
	if err != nil {
		return replay.Have{}, err
	}
	if !known {
		other, err := s.newest(ctx, publisher, "")
		if err == nil {
			err = &replay.EpochError{Publisher: other.publisher, Epoch: other.epoch, Archive: true}
		}
		return replay.Have{}, err
	}
	gaps, err := s.archive.GapsOf(ctx, archive.Position{Publisher: publisher, Epoch: epoch, Seq: newest})
	for _, g := range gaps {
		if !putBack(g) {
			newest = max(newest, g.Last)
		}
	}
	return replay.Have{Publisher: publisher, Epoch: epoch, Oldest: uint64(oldest), Newest: uint64(newest), Archive: true}, err
}

// newest is a publisher's newest sequence, or that of the only one. An *EpochError says
// that there is none, or that there are several.
func (s retold) newest(ctx context.Context, publisher, epoch string) (sequence, error) {
	list, err := s.archive.Sequences(ctx)
	if err != nil {
		return sequence{}, err
	}
	var found sequence
	for _, q := range list {
		switch {
		case publisher != "" && q.Publisher != publisher, epoch != "" && q.Epoch != epoch:
		case found.publisher != "" && found.publisher != q.Publisher:
			return found, &replay.EpochError{Archive: true}
		default:
			found = sequence{q.Publisher, q.Epoch}
		}
	}
	if found.publisher == "" {
		return found, &replay.EpochError{Archive: true}
	}
	return found, nil
}

// Each hands out messages by number.
func (s retold) Each(ctx context.Context, h replay.Have, from, to uint64, yield func(uint64, string, []byte) bool) error {
	to = min(to, math.MaxInt64-1)
	for from <= to {
		list, err := s.read(ctx, h, from, to)
		if err != nil || len(list) == 0 {
			return err
		}
		for _, m := range list {
			n := uint64(m.Seq)
			if s.arrivals(h) {
				n = uint64(m.N)
			}
			if n > to {
				return nil
			}
			topic, err := event.TopicIn(m.Wire)
			if err != nil {
				return err
			}
			if !yield(n, topic, m.Wire) {
				return nil
			}
			from = n + 1
		}
	}
	return nil
}

func (s retold) read(ctx context.Context, h replay.Have, from, to uint64) ([]archive.Message, error) {
	limit := int(min(readAtOnce, to-from+1))
	if s.arrivals(h) {
		return s.archive.After(ctx, int64(from)-1, limit)
	}
	return s.archive.Said(ctx, h.Publisher, h.Epoch, int64(from), int64(to), limit)
}

func (s retold) arrivals(h replay.Have) bool {
	return h.Publisher == arrivals && h.Epoch == s.archive.Epoch()
}

// Since finds by halves: a publisher's numbers follow its times.
func (s retold) Since(ctx context.Context, h replay.Have, t time.Time) (uint64, error) {
	low, high := int64(h.Oldest), int64(h.Newest)+1
	for low < high {
		half := low + (high-low)/2
		list, err := s.archive.Said(ctx, h.Publisher, h.Epoch, half, high-1, 1)
		switch {
		case err != nil:
			return 0, err
		case len(list) == 0 || !list[0].Time.Before(t):
			high = half
		default:
			low = list[0].Seq + 1
		}
	}
	return uint64(low), nil
}

// ByID finds the number of a message in a sequence.
func (s retold) ByID(ctx context.Context, h replay.Have, id string) (uint64, error) {
	m, err := s.archive.ByID(ctx, id)
	switch {
	case errors.Is(err, archive.ErrNotFound), errors.Is(err, archive.ErrPruned):
		return 0, nil
	case err != nil:
		return 0, err
	case m.Publisher != h.Publisher || m.Epoch != h.Epoch:
		return 0, nil
	}
	return uint64(m.Seq), nil
}

// Find finds what a query means among all messages, in the order of their times.
func (s retold) Find(ctx context.Context, q replay.Sought, limit int) (h replay.Have, numbers []uint64, dropped bool, err error) {
	base, newest, err := s.archive.Range(ctx)
	h = replay.Have{Publisher: arrivals, Epoch: s.archive.Epoch(), Oldest: uint64(base) + 1, Newest: uint64(newest), Archive: true}
	if err != nil {
		return h, nil, false, err
	}
	var found []place
	for _, id := range q.IDs {
		m, err := s.archive.ByID(ctx, id)
		switch {
		case errors.Is(err, archive.ErrPruned):
			dropped = true
		case errors.Is(err, archive.ErrNotFound):
		case err != nil:
			return h, nil, dropped, err
		default:
			found = append(found, place{m.Place(), uint64(m.N)})
		}
	}
	times := q.Times
	if q.All {
		times = append(times, [2]time.Time{})
	}
	for _, t := range times {
		list, err := s.within(ctx, t, limit)
		if err != nil {
			return h, nil, dropped, err
		}
		found = append(found, list...)
	}
	slices.SortFunc(found, func(a, b place) int { return cmp.Compare(a.at, b.at) })
	found = slices.Compact(found)
	for _, p := range found[:min(len(found), limit)] {
		numbers = append(numbers, p.n)
	}
	return h, numbers, dropped, nil
}

// A place is where a message stands by time, and its arrival.
type place struct {
	at archive.Place
	n  uint64
}

// sought is how many bytes are looked through for one answer.
const sought = 16 << 20

// within finds the first messages of a time.
func (s retold) within(ctx context.Context, t [2]time.Time, limit int) (list []place, err error) {
	if t[1].Before(t[0]) {
		return nil, nil
	}
	q := archive.Query{From: t[0], To: t[1], Limit: limit}
	for size := 0; len(list) < limit && size < sought; {
		page, err := s.archive.Find(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, m := range page.Messages {
			list, size = append(list, place{m.Place(), uint64(m.N)}), size+len(m.Wire)
		}
		if q.After = page.Next; page.Next == 0 || page.Cut {
			break
		}
	}
	return list, nil
}
