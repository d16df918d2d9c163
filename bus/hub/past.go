package hub

import (
	"context"
	"fmt"

	"busbar/common/archive"
)

// A past is what a listener has of a sequence already, as far as this hub can tell by
// its position. Its mark's message may be here, so that all before it is known to be
// had. Or it is not: this hub is behind, or the publisher's journal was put back to an
// older copy and the two hubs got different things of it. Then the publisher's own
// time tells: what it said after it was put back is newer than all that was lost.
type past struct {
	mark
	here   int64      // the arrival of the mark's message; 0: it is not here
	turned bool       // the sequence began again behind the mark's message
	other  bool       // here, or for the listener, the number was used for another message
	gap    *happening // says that the sequence began again; held until it shows for whom
}

// pastOf looks for what a listener has of a sequence. The first that it lacks came with
// arrival first or later; 0: nothing did.
func pastOf(ctx context.Context, a *archive.Archive, s sequence, m mark) (p *past, first int64, err error) {
	at := archive.Position{Publisher: s.publisher, Epoch: s.epoch, Seq: m.n}
	p = &past{mark: m, other: m.tag == "" && m.time > 0}
	if m.tag != "" {
		list, err := a.Under(ctx, at)
		if err != nil {
			return p, 0, err
		}
		for _, one := range list {
			if happened(one).mark.tag == m.tag {
				p.here = max(p.here, one.N)
			}
		}
		p.other = p.here == 0 && len(list) > 0
	}
	at.Seq++
	next, err := a.FirstAfter(ctx, at, p.here)
	if err != nil {
		return p, 0, err
	}
	first = next.N
	earlier := func(n int64) {
		if n > 0 && (first == 0 || n < first) {
			first = n
		}
	}
	turns, err := a.Turns(ctx, s.publisher, s.epoch)
	if err != nil {
		return p, 0, err
	}
	for _, g := range turns {
		if p.here > 0 {
			if g.N < p.here {
				break
			}
			earlier(g.N)
			continue
		}
		began, err := a.FirstAfter(ctx, archive.Position{Publisher: s.publisher, Epoch: s.epoch, Seq: g.First}, g.N)
		if err != nil {
			return p, 0, err
		}
		if m.time == 0 || began.N > 0 && began.Time.Unix() < m.time {
			break // the listener knows of it
		}
		earlier(g.N)
	}
	if p.here > 0 || m.time == 0 {
		return p, first, nil
	}
	// The journal was put back, and nothing of what it lost came here.
	last, err := a.LastUntil(ctx, archive.Position{Publisher: s.publisher, Epoch: s.epoch, Seq: m.n}, m.time)
	if err != nil {
		return p, 0, err
	}
	newer, err := a.FirstAfter(ctx, archive.Position{Publisher: s.publisher, Epoch: s.epoch, Seq: last.Seq + 1}, last.N)
	if err == nil && newer.Seq <= m.n {
		earlier(newer.N)
	}
	return p, first, err
}

// has says whether the listener has a message, which came with arrival n.
func (p *past) has(n int64, m mark) bool {
	if p.here == 0 && p.tag != "" && m.n == p.n && m.tag == p.tag {
		p.here, p.gap = n, nil
	}
	switch {
	case p.here > 0:
		return n <= p.here || m.n <= p.n && !p.turned // it came late
	case m.n <= p.n:
		return p.time == 0 || m.time <= p.time
	default:
		return p.other && m.time < p.time
	}
}

// lost is the gap that is to be said before a message which the listener has not,
// though its number is one that it has, or nil.
func (p *past) lost(s sequence, m mark) *happening {
	switch {
	case p.here > 0:
		return nil
	case p.gap != nil:
		g := *p.gap.gap
		g.Last = max(g.Last, p.n)
		return missed(g)
	case m.n <= p.n:
		return missed(archive.Gap{Publisher: s.publisher, Epoch: s.epoch, First: m.n, Last: p.n,
			Reason: archive.PutBack + ": this hub had nothing of what was lost"})
	}
	return nil
}

// next hands what happened to emit, unless the listener has it; and before it, what
// the listener has to know of it. The position is behind what is emitted.
func (b *beginning) next(ctx context.Context, a *archive.Archive, h *happening, emit func(*happening)) error {
	s, own := h.sequence(), sequence{arrivals, a.Epoch()}
	p := b.past[s]
	switch {
	case p == nil:
	case h.gap == nil && h.mark.n > 0:
		if p.has(h.n, h.mark) {
			b.at[own] = mark{n: h.n}
			return nil
		}
		if g := p.lost(s, h.mark); g != nil {
			b.at[own] = mark{n: h.n - 1}
			b.at.pass(g)
			emit(g)
		}
		if p.here == 0 {
			delete(b.past, s) // all that follows is new
		}
	case h.turns() && (p.here == 0 && p.time > 0 || h.n <= p.here):
		if p.gap == nil && p.here == 0 { // of several, the oldest says most
			p.gap, p.other = h, true
		}
		b.at[own] = mark{n: h.n}
		return nil
	case h.turns():
		p.turned = true
	}
	b.at[own] = mark{n: h.n}
	b.at.pass(h)
	if b.elsewhere && h.frame != nil && h.gap == nil {
		if said, err := b.said(ctx, a, h); err != nil || said {
			return err
		}
	}
	emit(h)
	return nil
}

// has says that the listener has messages that came here behind arrival n.
func (b *beginning) has(n int64) bool {
	for _, p := range b.past {
		if p.here > n {
			return true
		}
	}
	return false
}

// apart says that the listener's position is not what this hub would say of one that
// has all up to heads.
func (b *beginning) apart(heads vector) bool {
	for s, p := range b.past {
		known := heads[s] == b.at[s] || p.tag == "" && p.time == 0 && p.n <= heads[s].n
		if p.here == 0 && !known {
			return true
		}
	}
	for s := range b.at {
		if _, known := heads[s]; !known {
			return true
		}
	}
	return false
}

// said says whether the listener has a fact as another publisher said it.
func (b *beginning) said(ctx context.Context, a *archive.Archive, h *happening) (bool, error) {
	copies, err := a.CopiesOf(ctx, h.n)
	if err != nil {
		return false, fmt.Errorf("looking for what a listener has: %w", err)
	}
	for _, c := range copies {
		one := happened(c)
		if p := b.past[one.sequence()]; p != nil && p.has(c.N, one.mark) {
			return true, nil
		}
	}
	return false, nil
}

// headsOf is the position behind all that came.
func headsOf(ctx context.Context, a *archive.Archive) (vector, error) {
	list, err := a.Sequences(ctx)
	if err != nil {
		return nil, err
	}
	v := vector{}
	for _, s := range list {
		if s.Publisher == arrivals {
			continue
		}
		if v[sequence{s.Publisher, s.Epoch}], err = tipOf(ctx, a, s); err != nil {
			return nil, err
		}
	}
	_, newest, err := a.Range(ctx) // last: what comes meanwhile is not passed by its number alone
	v[sequence{arrivals, a.Epoch()}] = mark{n: newest}
	return v, err
}

func tipOf(ctx context.Context, a *archive.Archive, s archive.Sequence) (mark, error) {
	_, newest, _, err := a.Span(ctx, s.Publisher, s.Epoch)
	if err != nil {
		return mark{}, err
	}
	turns, err := a.Turns(ctx, s.Publisher, s.Epoch)
	if err != nil {
		return mark{}, err
	}
	if len(turns) > 0 && newest < turns[0].First { // and nothing came since
		last, err := a.LastBefore(ctx, s.Publisher, s.Epoch, turns[0].N)
		return mark{n: turns[0].First - 1, time: max(last.Time.Unix(), 0)}, err
	}
	list, err := a.Said(ctx, s.Publisher, s.Epoch, newest, newest, 1)
	if err != nil || len(list) == 0 {
		return mark{n: max(newest, s.Base)}, err
	}
	return happened(list[0]).mark, nil
}
