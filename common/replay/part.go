package replay

import (
	"context"

	"busbar/common/wire/guard"
)

// A part is frames on their way to a peer, each marked as one that others follow.
type part struct {
	buf     []byte
	last    int // where the last frame begins
	count   int // messages
	bytes   int // of their topics and bodies
	large   int // of Server.large, held for this part
	skipped uint64
}

func (b *part) frame(body []byte) {
	b.last = len(b.buf)
	b.buf = guard.AppendFrame(b.buf, true, body)
}

// finish makes the last frame the last of its message.
func (b *part) finish() { b.buf[b.last] &^= 1 }

// empty is for the next part. The memory of a large one is given back.
func (p *peer) empty() {
	b := &p.part
	p.s.large.give(b.large)
	if cap(b.buf) > 4*p.s.limits.partBytes {
		b.buf = nil
	}
	*b = part{buf: b.buf[:0]}
}

// fill reads messages into the part, in the peer's turn: from one number to another,
// until the part is as large as it may be, credit is used up, or add wants none. next is the number
// behind what was taken. A message for which there is no memory is read again when
// there is some.
//
// Nothing was taken, and next is not behind to, if the message from is gone; then
// skipped is the next one that is there, if one is.
func (p *peer) fill(ctx context.Context, h Have, from, to uint64, credit int64, add func(seq uint64, topic string, wire []byte) (further bool)) (next uint64, err error) {
	for next = from; ; {
		var freed <-chan struct{}
		if err := p.s.turns.take(ctx, p.host); err != nil {
			return next, err
		}
		err = p.s.source.Each(ctx, h, next, to, func(seq uint64, topic string, wire []byte) bool {
			b := &p.part
			if seq != next {
				b.skipped = seq
				return false
			}
			if len(wire) > p.s.limits.partBytes {
				if b.count > 0 {
					return false // it goes alone
				}
				var ok bool
				if ok, freed = p.s.large.try(len(wire)); !ok {
					return false
				}
				b.large = len(wire)
			}
			further := add(seq, topic, wire)
			b.count++
			b.bytes += len(topic) + len(wire)
			next++
			return further && len(b.buf) < p.s.limits.partBytes && b.count < p.s.limits.partCount && int64(b.bytes) < credit
		})
		p.s.turns.give()
		if err != nil || freed == nil {
			return next, err
		}
		select {
		case <-freed:
		case <-ctx.Done():
			return next, ctx.Err()
		}
	}
}
