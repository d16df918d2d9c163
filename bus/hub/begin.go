package hub

import (
	"context"
	"maps"
	"slices"

	"busbar/common/archive"
)

// A beginning is where a listener's reading begins.
type beginning struct {
	after int64        // the arrival before the first that is read
	at    vector       // the position there
	skip  vector       // what is up to here may be read again, and is skipped
	gaps  []*happening // what is gone
}

// resume finds where who has come to v goes on. By the arrivals of this archive
// that is exact, but for what another hub had first; with a position of another
// hub, everything is read again from the first message that v has not passed.
func resume(ctx context.Context, a *archive.Archive, v vector) (beginning, error) {
	list, err := a.Sequences(ctx)
	if err != nil {
		return beginning{}, err
	}
	list = slices.DeleteFunc(list, func(s archive.Sequence) bool { return s.Publisher == arrivals })
	_, newest, err := a.Range(ctx)
	if err != nil {
		return beginning{}, err
	}
	v = v.resolve(list)
	own := sequence{arrivals, a.Epoch()}
	b := beginning{after: newest, at: maps.Clone(v)}
	arrived, exact := v[own]
	exact = exact && arrived <= newest
	if exact {
		b.after = arrived
	}
	for s := range b.at { // of other archives: they mean nothing here
		if s.publisher == arrivals && s != own {
			delete(b.at, s)
		}
	}
	b.skip = maps.Clone(b.at)
	delete(b.skip, own)
	place := map[sequence]int{} // where in the list each one stands
	for i, s := range list {
		place[sequence{s.Publisher, s.Epoch}] = i
	}
	reached := map[string]int{} // of each publisher in v, the last of its sequences there
	for s, n := range v {
		i, known := place[s]
		if !known && n > 0 && s.publisher != arrivals {
			b.gaps = append(b.gaps, missed(archive.Gap{Publisher: s.publisher, Epoch: s.epoch, Reason: "this hub does not know this sequence"}))
		}
		if known {
			reached[s.publisher] = max(reached[s.publisher], i)
		}
	}
	for i, s := range list {
		key := sequence{s.Publisher, s.Epoch}
		seen, ok := v[key]
		if last, other := reached[s.Publisher]; !ok && other && i < last {
			continue // it ended before the one that v has
		}
		if ok && s.Base > seen {
			b.gaps = append(b.gaps, missed(archive.Gap{Publisher: s.Publisher, Epoch: s.Epoch, First: seen + 1, Last: s.Base, Reason: "retention of this hub dropped it"}))
		}
		if exact {
			has, err := a.Numbers(ctx, s.Publisher, s.Epoch, seen, 1)
			if err != nil {
				return b, err
			}
			if ok && len(has) > 0 && has[0].Seq == seen && has[0].N <= arrived {
				delete(b.skip, key) // all of it came before, and what is late is new
			}
			continue
		}
		first, err := a.Begin(ctx, archive.Position{Publisher: s.Publisher, Epoch: s.Epoch, Seq: seen})
		if err != nil {
			return b, err
		}
		if first > 0 {
			b.after = min(b.after, first-1)
		}
	}
	if !exact {
		err = b.known(ctx, a, list)
	}
	return b, err
}

// known adds the gaps that came to be known before the first message that is read.
func (b *beginning) known(ctx context.Context, a *archive.Archive, list []archive.Sequence) error {
	for _, s := range list {
		seen, ok := b.at[sequence{s.Publisher, s.Epoch}]
		if !ok {
			continue
		}
		gaps, err := a.GapsOf(ctx, archive.Position{Publisher: s.Publisher, Epoch: s.Epoch, Seq: seen})
		if err != nil {
			return err
		}
		for _, g := range gaps {
			if g.N <= b.after {
				b.gaps = append(b.gaps, missed(g))
			}
		}
	}
	return nil
}

// passed says whether a position has passed a message.
func (v vector) passed(m archive.Message) bool {
	return m.Seq > 0 && m.Seq <= v[sequence{m.Publisher, m.Epoch}]
}
