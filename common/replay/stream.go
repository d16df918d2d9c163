package replay

import (
	"context"
	"errors"
	"time"

	"busbar/common/wire/guard"
)

var (
	errSlow  = errors.New("it gave no credit for too long")
	errRules = errors.New("it broke the rules of a stream")
)

// maxWire is the largest message that a client takes; larger ones were never sent.
const maxWire = guard.MaxMessage - 1024

// answerStream answers a request for a stream. An error ends the connection.
func (p *peer) answerStream(ctx context.Context, frames [][]byte) error {
	request, err := parseRequest(frames)
	if err != nil {
		return p.end(end{Why: whyRefused, Text: err.Error()}, errRules)
	}
	last, err := p.stream(ctx, request)
	switch {
	case err == errSlow, err == errRules:
		return p.end(last, err)
	case err != nil:
		p.s.ended("left")
		return err
	}
	return p.end(last, nil)
}

// end writes the end of a stream, and passes on what comes of it.
func (p *peer) end(e end, then error) error {
	p.s.ended(e.Why)
	if err := p.say(wordEnd, e); err != nil {
		return err
	}
	return then
}

func (p *peer) say(word string, object any) error {
	return p.x.Write(guard.AppendFrame(guard.AppendFrame(nil, true, []byte(word)), false, encode(object)))
}

// stream writes the messages. It gives the end to be written; an error that is not
// errSlow or errRules says that nothing can be written any more.
func (p *peer) stream(ctx context.Context, request request) (end, error) {
	h, from, e, err := p.where(ctx, request)
	if err != nil || e.Why != "" {
		return e, err
	}
	to := h.Newest
	if request.To > 0 {
		to = min(to, request.To)
	}
	if err := p.say(wordBegin, begin{Have: h, From: from, To: to}); err != nil {
		return end{}, err
	}
	switch {
	case from < h.Oldest:
		return gone(from, h), nil
	case request.To > 0 && request.To < h.Oldest:
		return gone(request.To, h), nil
	case from > h.Newest+1, from > h.Newest && request.To > 0:
		return end{Why: whyAbsent, Next: from, Newest: h.Newest, Archive: h.Archive}, nil
	}
	credit := int64(defaultCredit)
	if request.Credit != nil {
		credit = *request.Credit
	}
	for from <= to {
		if e, err := p.granted(ctx, &credit); err != nil {
			return e, err
		}
		next, e, err := p.sendPart(ctx, h, from, to, &credit)
		if err != nil || e.Why != "" {
			return e, err
		}
		from = next
	}
	if request.To > to {
		return end{Why: whyAbsent, Next: from, Newest: h.Newest, Archive: h.Archive}, nil
	}
	return end{Why: whyComplete, Next: from}, nil
}

// where is what the source has, and where the stream begins.
func (p *peer) where(ctx context.Context, request request) (h Have, from uint64, e end, err error) {
	if err := p.s.turns.take(ctx, p.host); err != nil {
		return h, 0, e, err
	}
	defer p.s.turns.give()
	h, err = p.s.source.Have(ctx, request.Publisher, request.Epoch)
	var other *EpochError
	if errors.As(err, &other) {
		return h, 0, end{Why: whyEpoch, Publisher: other.Publisher, Epoch: other.Epoch, Archive: other.Archive}, nil
	}
	if err != nil {
		return h, 0, p.unreadable(ctx, err), ctx.Err()
	}
	if from = request.From; from > 0 {
		return h, from, e, nil
	}
	from = h.Oldest
	if since, ok := request.since(); ok {
		if from, err = p.s.source.Since(ctx, h, since); err != nil {
			return h, 0, p.unreadable(ctx, err), ctx.Err()
		}
	}
	return h, from, e, nil
}

// sendPart writes the next messages as one part.
func (p *peer) sendPart(ctx context.Context, h Have, from, to uint64, credit *int64) (next uint64, e end, err error) {
	defer p.empty()
	b := &p.part
	tooLarge := false
	next, err = p.fill(ctx, h, from, to, *credit, func(_ uint64, topic string, wire []byte) bool {
		if tooLarge = len(topic)+len(wire) > maxWire; tooLarge {
			return false
		}
		if b.count == 0 {
			b.frame([]byte(wordPart))
			b.frame(encode(partHead{First: from}))
		}
		b.frame([]byte(topic))
		b.frame(wire)
		return true
	})
	switch {
	case ctx.Err() != nil:
		return next, e, ctx.Err()
	case err != nil:
		return next, p.unreadable(ctx, err), nil
	case tooLarge: // alone in its part, as all large ones
		return next, end{Why: whyGone, Next: from, Oldest: next}, nil
	case b.count == 0:
		return next, p.passed(ctx, h, from), nil
	}
	b.finish()
	if err := p.x.Write(b.buf); err != nil {
		return next, e, err
	}
	*credit -= int64(b.bytes)
	p.s.sent(b.count, b.bytes)
	return next, e, nil
}

// passed is the end of a stream that retention has overtaken.
func (p *peer) passed(ctx context.Context, h Have, from uint64) end {
	if p.part.skipped > 0 {
		return end{Why: whyGone, Next: from, Oldest: p.part.skipped}
	}
	now, err := p.s.source.Have(ctx, h.Publisher, h.Epoch)
	if err != nil {
		return p.unreadable(ctx, err)
	}
	if now.Oldest > from {
		return gone(from, now)
	}
	e := end{Why: whyGone, Next: from} // an archive may have holes
	if err := p.s.turns.take(ctx, p.host); err != nil {
		return e
	}
	defer p.s.turns.give()
	err = p.s.source.Each(ctx, now, from, now.Newest, func(seq uint64, _ string, _ []byte) bool {
		e.Oldest = seq
		return false
	})
	if err != nil {
		return p.unreadable(ctx, err)
	}
	return e
}

// gone says from where on messages are kept.
func gone(next uint64, h Have) end {
	e := end{Why: whyGone, Next: next, Oldest: h.Oldest}
	if h.Oldest > h.Newest {
		e.Oldest = 0
	}
	return e
}

func (p *peer) unreadable(ctx context.Context, err error) end {
	if ctx.Err() == nil {
		p.s.log.Warn("messages could not be read for replay", "peer", p.x.Remote(), "error", err)
	}
	return end{Why: whyUnreadable}
}

// granted takes what credit has come, a little each time, and waits for some where
// none is left.
func (p *peer) granted(ctx context.Context, credit *int64) (end, error) {
	for n := 0; *credit <= 0 || n < 16; n++ {
		var frames [][]byte
		ok := true
		if *credit > 0 {
			select {
			case frames, ok = <-p.in:
			default:
				return end{}, nil
			}
		} else {
			stall := time.NewTimer(p.s.limits.stall)
			select {
			case frames, ok = <-p.in:
				stall.Stop()
			case <-stall.C:
				return end{Why: whySlow}, errSlow
			case <-ctx.Done():
				stall.Stop()
				return end{}, ctx.Err()
			}
		}
		if !ok {
			return end{}, p.err
		}
		more, err := parseMore(frames)
		if err != nil {
			return end{Why: whyRefused, Text: err.Error()}, errRules
		}
		*credit = min(*credit+more, maxCredit)
	}
	return end{}, nil
}
