package replay

import (
	"context"
	"errors"
	"fmt"
)

// answerQuery answers a request in fedmsg's form. envelope are the frames that go
// back before the answer: all up to the empty one. An error ends the connection.
func (p *peer) answerQuery(ctx context.Context, envelope, frames [][]byte) error {
	for _, f := range envelope {
		p.part.frame(f)
	}
	err := p.reply(ctx, frames)
	var no refusal
	switch {
	case err == nil:
		p.s.answered("messages")
		return nil
	case !errors.As(err, &no):
		p.s.answered("left")
		return err
	}
	p.s.answered("error")
	p.part.frame([]byte("error: '" + string(no) + "'"))
	p.part.finish()
	return p.flush()
}

// reply writes the messages that a query means. The error of one that cannot be
// answered is a refusal, which then is the last frame.
func (p *peer) reply(ctx context.Context, frames [][]byte) error {
	if len(frames) != 1 {
		return refusal(textFrames)
	}
	q, err := parseQuery(frames[0])
	if err != nil {
		return err
	}
	h, spans, err := p.meant(ctx, &q)
	if err != nil {
		return err
	}
	count, bytes, last := 0, 0, false
	for i, s := range spans {
		for from := s.from; from <= s.to && !last; {
			n, size := count, bytes
			next, err := p.fill(ctx, h, from, s.to, answeredBytes-int64(bytes), func(seq uint64, topic string, wire []byte) bool {
				p.part.frame(wire)
				n, size = n+1, size+len(topic)+len(wire)
				if last = n == p.s.limits.answered || size >= answeredBytes || i == len(spans)-1 && seq == s.to; last {
					p.part.finish()
				}
				return !last
			})
			if err != nil {
				return p.unable(ctx, err)
			}
			if next == from { // gone meanwhile
				from = max(from+1, p.part.skipped)
				p.part.skipped = 0
				continue
			}
			from, count, bytes = next, n, size
			if err := p.flush(); err != nil {
				return err
			}
		}
	}
	switch {
	case last:
		return nil
	case q.dropped || len(spans) > 0:
		return refusal(fmt.Sprintf(textGone, h.Oldest))
	}
	return refusal(textNoMatch)
}

// meant is which numbers a query means.
func (p *peer) meant(ctx context.Context, q *query) (Have, []span, error) {
	if err := p.s.turns.take(ctx, p.host); err != nil {
		return Have{}, nil, err
	}
	defer p.s.turns.give()
	finder, several := p.s.source.(Finder)
	if several && q.publisher == "" && q.epoch == "" && len(q.seqs)+len(q.spans) == 0 {
		h, numbers, dropped, err := finder.Find(ctx, q.sought(), p.s.limits.answered)
		q.dropped = dropped
		return h, runs(numbers), p.unable(ctx, err)
	}
	h, err := p.s.source.Have(ctx, q.publisher, q.epoch)
	var other *EpochError
	switch {
	case errors.As(err, &other) && several && q.publisher == "":
		return h, nil, refusal(textWhose)
	case errors.As(err, &other):
		return h, nil, refusal(textNoMatch)
	}
	var spans []span
	if err == nil {
		spans, err = q.spansOf(ctx, p.s.source, h)
	}
	return h, spans, p.unable(ctx, err)
}

// unable makes a refusal of an error, unless it is the end of ctx.
func (p *peer) unable(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil {
		return err
	}
	p.unreadable(ctx, err)
	return refusal(textUnable)
}

// flush writes the frames that there are.
func (p *peer) flush() error {
	b := &p.part
	defer p.empty()
	if err := p.x.Write(b.buf); err != nil {
		return err
	}
	p.s.sent(b.count, b.bytes)
	return nil
}
