package drain

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"busbar/common/journal"
)

// maxRefused is how many messages in a row a far side may refuse. Where it refuses
// more, the fault is with it, and none of its messages is put aside.
const maxRefused = 20

// overtakenReason is why a gap was missed.
const overtakenReason = "dropped by retention before its turn"

// overtaken passes over messages that are gone.
func (d *Drain) overtaken(link *Link, first, last int64) error {
	if err := d.miss(journal.Missed{First: first, Last: last, Reason: overtakenReason}); err != nil {
		return err
	}
	link.skip(last)
	return nil
}

// refused is what becomes of messages of which the far side refused one.
func (d *Drain) refused(link *Link, why error) error {
	handed, out, _ := link.at()
	if out == 1 {
		return link.Refuse(handed, why)
	}
	d.single = max(d.single, handed)
	return nil
}

// miss stores what the sink never gets, and says so.
func (d *Drain) miss(m journal.Missed) error {
	d.mu.Lock()
	known := slices.ContainsFunc(d.missed, func(k journal.Missed) bool { return k.First == m.First })
	inARow := refusedBefore(d.missed, m.First)
	d.mu.Unlock()
	if m.Reason != overtakenReason && inARow >= maxRefused && !known {
		return fmt.Errorf("sink %s refused %d messages in a row, and now %d: the fault is with it, and not theirs: %s", d.Name, inARow, m.First, m.Reason)
	}
	if err := d.Store.Miss(context.Background(), d.Name, m); err != nil {
		return err
	}
	d.refusing.Store(m.First)
	m.Time = time.Now()
	d.mu.Lock()
	d.keepMissed(m)
	d.mu.Unlock()
	d.log().Error("messages do not reach a sink and are passed over; the journal has them for as long as it keeps any",
		"sink", d.Name, "first", m.First, "last", m.Last, "reason", m.Reason)
	return nil
}

// keepMissed puts m into its place. The caller holds the lock.
func (d *Drain) keepMissed(m journal.Missed) {
	at, known := slices.BinarySearchFunc(d.missed, m.First, func(k journal.Missed, seq int64) int { return cmp.Compare(k.First, seq) })
	if known {
		d.missed[at] = m
		return
	}
	d.missed = slices.Insert(d.missed, at, m)
	if len(d.missed) > maxKnown {
		d.missed = d.missed[1:]
	}
}

// maxKnown bounds what is known here of what was missed; the journal has more.
const maxKnown = 1000

// refusedBefore is how many messages right before seq were refused.
func refusedBefore(list []journal.Missed, seq int64) int {
	n := 0
	for i := len(list) - 1; i >= 0; i-- {
		switch m := list[i]; {
		case m.First >= seq:
		case m.Last != seq-1 || m.Reason == overtakenReason:
			return n
		default:
			n, seq = n+1, m.First
		}
	}
	return n
}

// forget drops what was noted behind the cursor: it is handed over again, and may
// be taken now.
func (d *Drain) forget(ctx context.Context, at int64) error {
	d.mu.Lock()
	behind := len(d.missed) > 0 && d.missed[len(d.missed)-1].Last > at
	d.mu.Unlock()
	if !behind {
		return nil
	}
	return d.got(ctx, at+1, math.MaxInt64)
}

// got says that the far side has, or may yet have, messages that it had missed.
func (d *Drain) got(ctx context.Context, first, last int64) error {
	if err := d.Store.Unmiss(ctx, d.Name, first, last); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.missed = slices.DeleteFunc(d.missed, func(m journal.Missed) bool { return m.First >= first && m.Last <= last })
	return nil
}

// again hands over, once for each start, what the far side refused in an earlier
// run and the journal still has: one by one, oldest first, before all others.
func (d *Drain) again(ctx context.Context, link *Link, conn Conn) error {
	cursor := link.Cursor()
	d.mu.Lock()
	list := slices.Clone(d.missed)
	d.mu.Unlock()
	for _, m := range list {
		if m.First <= d.asked || m.First > cursor {
			continue
		}
		one, err := d.Store.After(ctx, m.First-1, 1)
		if err != nil {
			return err
		}
		if m.First == m.Last && len(one) == 1 && one[0].Seq == m.First {
			link.begin(m.First - 1)
			if err := d.askAgain(ctx, link, conn, one); err != nil {
				return err
			}
		}
		d.asked = m.First
	}
	d.asked = max(d.asked, cursor)
	link.begin(cursor)
	return nil
}

func (d *Drain) askAgain(ctx context.Context, link *Link, conn Conn, one []journal.Message) error {
	seq := one[0].Seq
	d.refusing.Store(0)
	err := d.send(ctx, link, conn, one)
	for err == nil && link.Cursor() < seq {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-link.moved:
		}
	}
	switch {
	case errors.Is(err, ErrRefused):
		d.asked = seq
		return err
	case err != nil || d.refusing.Load() == seq:
		return err
	}
	d.log().Info("the far side took what it had refused", "sink", d.Name, "seq", seq)
	return d.got(ctx, seq, seq)
}
