package hub

import (
	"context"
	"maps"
	"slices"

	"busbar/common/archive"
)

// A beginning is where a listener's reading begins.
type beginning struct {
	after int64  // the arrival before the first that is read
	at    vector // the position there
	past  map[sequence]*past
	gaps  []*happening // what is gone
	// elsewhere says that the position is of another hub, where a fact may have been
	// another publisher's.
	elsewhere bool
}

// resume finds where who has come to v goes on. By the arrivals of this archive
// that is exact, but for what another hub had first; with a position of another
// hub, everything is read again from the first message that v has not passed.
func resume(ctx context.Context, a *archive.Archive, v vector) (beginning, error) {
	_, newest, err := a.Range(ctx) // first: of a sequence that comes meanwhile, all is read
	if err != nil {
		return beginning{}, err
	}
	list, err := a.Sequences(ctx)
	if err != nil {
		return beginning{}, err
	}
	list = slices.DeleteFunc(list, func(s archive.Sequence) bool { return s.Publisher == arrivals })
	v = v.resolve(list)
	own := sequence{arrivals, a.Epoch()}
	b := beginning{after: newest, at: maps.Clone(v)}
	arrived, exact := v[own]
	exact = exact && arrived.n <= newest
	if exact {
		b.after = arrived.n
	}
	b.elsewhere = !exact
	for s := range b.at { // of other archives: they mean nothing here
		if s.publisher == arrivals && s != own {
			delete(b.at, s)
		}
	}
	b.past = map[sequence]*past{}
	place := map[sequence]int{} // where in the list each one stands
	for i, s := range list {
		place[sequence{s.Publisher, s.Epoch}] = i
	}
	reached := map[string]int{} // of each publisher in v, the last of its sequences there
	for s, m := range v {
		i, known := place[s]
		if !known && m.n > 0 && s.publisher != arrivals {
			b.gaps = append(b.gaps, missed(archive.Gap{Publisher: s.publisher, Epoch: s.epoch, Reason: "this hub does not know this sequence"}))
		}
		if !known && s.publisher != arrivals { // it may come to know it, from the beginning
			b.past[s] = &past{mark: m, other: m.tag == "" && m.time > 0}
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
		if ok && s.Base > seen.n {
			b.gaps = append(b.gaps, missed(archive.Gap{Publisher: s.Publisher, Epoch: s.Epoch, First: seen.n + 1, Last: s.Base, Reason: "retention of this hub dropped it"}))
		}
		p, first, err := pastOf(ctx, a, key, seen)
		if err != nil {
			return b, err
		}
		if ok && !(exact && p.here > 0 && p.here <= arrived.n) { // else all of it came before, and what is late is new
			b.past[key] = p
		}
		if !exact && first > 0 {
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
		gaps, err := a.GapsOf(ctx, archive.Position{Publisher: s.Publisher, Epoch: s.Epoch, Seq: seen.n})
		if err != nil {
			return err
		}
		for _, g := range gaps {
			if h := missed(g); g.N <= b.after && !h.turns() {
				b.gaps = append(b.gaps, h)
			}
		}
	}
	return nil
}
