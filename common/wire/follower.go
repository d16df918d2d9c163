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
	seen     *memory
	last     map[string]int64 // by publisher and epoch
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
	return &Follower{sub: sub, verifier: o.Verifier, seen: newMemory(o.Remember), last: map[string]int64{}}, nil
}

// Next waits for the next message. Its error is the end: ctx, or Close.
func (f *Follower) Next(ctx context.Context) (Delivery, error) {
	frame, err := f.sub.Next(ctx)
	if err != nil {
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
	if u, err := event.IDUUID(d.Envelope.MsgID); err == nil {
		d.Duplicate = !f.seen.add(u)
	}
	d.Gap = f.gap(d)
	return d
}

// gap compares the message with the last one of its publisher. Only messages
// that hold may move the count, so judge calls it last.
func (f *Follower) gap(d Delivery) *Gap {
	e := d.Envelope
	if e.Publisher == "" || d.Duplicate {
		return nil
	}
	stream := e.Publisher + "\x00" + e.Epoch
	last, known := f.last[stream]
	seq := e.Seq
	if d.Heartbeat {
		msg, _ := e.Msg.(map[string]any)
		seq = event.Integer(msg["newest"]) + 1 // as if the next one came
	} else if seq == 0 {
		return nil
	}
	switch {
	case !known:
		f.last[stream] = seq
		if d.Heartbeat {
			f.last[stream] = seq - 1
		}
		return nil
	case seq <= last:
		return nil
	case d.Heartbeat:
		f.last[stream] = seq - 1
	default:
		f.last[stream] = seq
	}
	if seq == last+1 {
		return nil
	}
	return &Gap{Publisher: e.Publisher, Epoch: e.Epoch, From: last + 1, To: seq - 1}
}

// memory remembers the newest ids, in two halves so that forgetting is cheap.
type memory struct {
	half     int
	new, old map[uuid.UUID]struct{}
}

func newMemory(size int) *memory {
	return &memory{half: max(size/2, 1), new: map[uuid.UUID]struct{}{}}
}

// add reports whether u is new.
func (m *memory) add(u uuid.UUID) bool {
	_, inNew := m.new[u]
	_, inOld := m.old[u]
	if inNew || inOld {
		return false
	}
	if len(m.new) >= m.half {
		m.old, m.new = m.new, map[uuid.UUID]struct{}{}
	}
	m.new[u] = struct{}{}
	return true
}
