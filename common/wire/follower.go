package wire

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/google/uuid"

	"busbar/common/event"
	"busbar/common/sign"
)

// FollowOptions say whom to follow.
type FollowOptions struct {
	Endpoints []string
	Verifier  *sign.Verifier // nil: nothing is verified
	Remember  int            // how many ids are remembered against doubles [100,000]
	Log       *slog.Logger
}

// A Gap is a run of a publisher's messages that never arrived.
type Gap struct {
	Publisher, Epoch string
	From, To         int64 // both ends missing
}

// A Delivery is one message as it arrived, with what can be said about it.
type Delivery struct {
	Endpoint  string
	Topic     string // frame 1
	Body      []byte // frame 2, as received
	Tree      map[string]any
	Envelope  event.Envelope
	Verdict   sign.Verdict // zero without a verifier
	Heartbeat bool
	// Duplicate says that a message with this id came before.
	Duplicate bool
	// Gap, if not nil, was noticed with this message.
	Gap *Gap
	// Reused says that another message bore this number before: the
	// publisher's journal was put back to an older copy.
	Reused bool
	// Err says why the message is not to be believed or read: malformed,
	// signature refused, topics that differ. It never ends the follower.
	Err error
}

// A Follower reads every publisher's messages, verifies them and notices gaps
// and doubles. It subscribes to everything: a filtered stream cannot show what
// is missing.
//
// Not here: repairing a gap (a replay service comes later), and keeping a
// position over restarts.
type Follower struct {
	sub      *Sub
	verifier *sign.Verifier
	seen     *memory[fact, struct{}]
	last     *memory[stream, *int64] // the newest number of each
	numbers  *memory[place, uuid.UUID]
}

// A fact is what doubles are found by. The topic is part of it, because ids can
// be foretold: who may not speak under a topic cannot make its messages look
// like doubles.
type fact struct {
	id    uuid.UUID
	topic string
}

// A stream is one sequence of numbers. The signer is part of it, so that nobody
// can spoil another's count by using its name.
type stream struct{ signer, publisher, epoch string }

const maxStreams = 10_000

// A place is a number of a stream, which is known by where its newest is kept.
type place struct {
	of  *int64
	seq int64
}

// Follow subscribes. An absent publisher is no error: it is redialled.
func Follow(ctx context.Context, o FollowOptions) (*Follower, error) {
	sub, err := Subscribe(ctx, SubOptions{Endpoints: o.Endpoints, Log: o.Log})
	if err != nil {
		return nil, err
	}
	if o.Remember <= 0 {
		o.Remember = 100_000
	}
	return &Follower{
		sub: sub, verifier: o.Verifier, seen: newMemory[fact, struct{}](o.Remember),
		last: newMemory[stream, *int64](maxStreams), numbers: newMemory[place, uuid.UUID](o.Remember),
	}, nil
}

// Next waits for the next message. Its error is the end: ctx, or Close.
func (f *Follower) Next(ctx context.Context) (Delivery, error) {
	frame, err := f.sub.Next(ctx)
	if err != nil {
		if ctx.Err() != nil { // it may have ended the subscription, too
			err = ctx.Err()
		}
		return Delivery{}, err
	}
	return f.judge(frame), nil
}

// Connected tells for each endpoint whether its publisher is there now.
func (f *Follower) Connected() map[string]bool { return f.sub.Connected() }

// Close ends the follower.
func (f *Follower) Close() error { return f.sub.Close() }

func (f *Follower) judge(frame Frame) Delivery {
	d := Delivery{Endpoint: frame.Endpoint, Topic: frame.Topic, Body: frame.Body, Err: frame.Err}
	if d.Err != nil {
		return d
	}
	if d.Tree, d.Envelope, d.Err = event.ParseMessage(frame.Body); d.Err != nil {
		return d
	}
	if d.Envelope.Topic != frame.Topic {
		d.Err = fmt.Errorf("reading a message: its frame says topic %q, its body %q", frame.Topic, d.Envelope.Topic)
		return d
	}
	if f.verifier != nil {
		if d.Verdict = f.verifier.Verify(d.Tree); !d.Verdict.OK {
			d.Err = errors.New("verifying a message: " + d.Verdict.Reason)
			return d
		}
	}
	d.Heartbeat = strings.HasSuffix(d.Topic, "."+HeartbeatTopic)
	f.count(&d)
	return d
}

// count compares the message with those before it. Only messages that hold may
// move the count, so judge calls it last.
func (f *Follower) count(d *Delivery) {
	newest, known := f.gap(d)
	id, err := event.IDUUID(d.Envelope.MsgID)
	if err != nil || d.Heartbeat {
		return
	}
	_, d.Duplicate = f.seen.get(fact{id, d.Topic})
	f.seen.put(fact{id, d.Topic}, struct{}{})
	if known {
		n := place{newest, d.Envelope.Seq}
		before, used := f.numbers.get(n)
		d.Reused = used && before != id
		f.numbers.put(n, id)
	}
}

// gap compares the message with the last one of its stream, and gives where that
// one's newest number is; known is false for a message without a number. Doubles
// move the count, too, for another publisher may have told the same fact first.
func (f *Follower) gap(d *Delivery) (newest *int64, known bool) {
	e := d.Envelope
	n := e.Seq
	if d.Heartbeat {
		msg, _ := e.Msg.(map[string]any)
		n = event.Integer(msg["newest"])
	}
	if e.Publisher == "" || n < 0 || n == 0 && !d.Heartbeat {
		return nil, false
	}
	s := stream{d.Verdict.Signer, e.Publisher, e.Epoch}
	newest, known = f.last.get(s)
	if !known {
		newest = &n
	}
	last := *newest
	*newest = max(last, n)
	f.last.put(s, newest)
	to := n // a heartbeat's newest should be here
	if !d.Heartbeat {
		to-- // and a message is here
	}
	if known && to > last {
		d.Gap = &Gap{Publisher: e.Publisher, Epoch: e.Epoch, From: last + 1, To: to}
	}
	return newest, true
}

// memory remembers what was put last, in two halves so that forgetting is
// cheap.
type memory[K comparable, V any] struct {
	half     int
	new, old map[K]V
}

func newMemory[K comparable, V any](size int) *memory[K, V] {
	return &memory[K, V]{half: max(size/2, 1), new: map[K]V{}}
}

func (m *memory[K, V]) get(k K) (V, bool) {
	v, ok := m.new[k]
	if !ok {
		v, ok = m.old[k]
	}
	return v, ok
}

func (m *memory[K, V]) put(k K, v V) {
	if _, ok := m.new[k]; !ok && len(m.new) >= m.half {
		m.old, m.new = m.new, map[K]V{}
	}
	m.new[k] = v
}
