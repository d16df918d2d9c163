package wire

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/google/uuid"

	"busbar/common/discovery"
	"busbar/common/event"
	"busbar/common/recent"
	"busbar/common/sign"
)

// FollowOptions say whom to follow.
type FollowOptions struct {
	Endpoints []string       // as SubOptions has them
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
	Conn      int64  // see Frame
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
	// Back, if not 0, is a number that came before this message's lower one,
	// which is new: the count goes on from here. A wrong number, a restored
	// journal or a second path of the same messages makes it.
	Back int64
	// Notes are what else a person should know: two publishers of one name, a
	// number that counts nothing, a clock that is wrong. Each once.
	Notes []string
	// Err says why the message is not to be believed or read: malformed,
	// signature refused, topics that differ. It never ends the follower.
	Err error
}

// A Follower reads every publisher's messages, verifies them and notices gaps
// and duplicates. It subscribes to everything: a filtered stream cannot show what
// is missing.
//
// Not here: repairing a gap, and keeping a position over restarts: both are
// common/subscribe's, which stands on it.
type Follower struct {
	sub      *Sub
	verifier *sign.Verifier
	seen     *recent.Memory[fact, struct{}]
	count    *count
}

// A fact is what duplicates are found by: a digest of the id and the topic. The
// topic is part of it, because ids can be foretold: who may not speak under a
// topic cannot make its messages look like duplicates.
type fact [16]byte

func factOf(id uuid.UUID, topic string) fact {
	sum := sha256.Sum256(append(id[:], topic...))
	return fact(sum[:16])
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
		sub: sub, verifier: o.Verifier, seen: recent.New[fact, struct{}](o.Remember), count: newCount(o.Remember),
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

// Found is where publishers are now.
func (f *Follower) Found() []discovery.Endpoint { return f.sub.Found() }

// Sources tells of each place where publishers are looked for what it says.
func (f *Follower) Sources() []discovery.Status { return f.sub.Sources() }

// Close ends the follower.
func (f *Follower) Close() error { return f.sub.Close() }

// judge reads, verifies and counts. Of what is refused the frames alone are
// handed on, and of its topic no more than a topic may have.
func (f *Follower) judge(frame Frame) Delivery {
	d := Delivery{Endpoint: frame.Endpoint, Conn: frame.Conn, Topic: frame.Topic, Body: frame.Body, Err: frame.Err}
	if len(d.Topic) > event.MaxTopic {
		d.Topic = strings.ToValidUTF8(d.Topic[:event.MaxTopic], "")
		d.Err = fmt.Errorf("reading a message: its topic has %d bytes, more than %d", len(frame.Topic), event.MaxTopic)
	}
	if d.Err == nil {
		d.Err = f.read(&d)
	}
	if d.Err != nil {
		d.Tree, d.Envelope = nil, event.Envelope{}
		return d
	}
	d.Heartbeat = strings.HasSuffix(d.Topic, "."+HeartbeatTopic)
	// Only messages that hold may move the count.
	id, err := event.IDUUID(d.Envelope.MsgID)
	if err == nil && !d.Heartbeat {
		fact := factOf(id, d.Topic)
		_, d.Duplicate = f.seen.Get(fact)
		f.seen.Put(fact, struct{}{})
	}
	f.count.message(&d, id)
	return d
}

func (f *Follower) read(d *Delivery) (err error) {
	if d.Tree, d.Envelope, err = event.ParseMessage(d.Body); err != nil {
		return err
	}
	if d.Envelope.Topic != d.Topic {
		return fmt.Errorf("reading a message: its frame says topic %q, its body %.200q", d.Topic, d.Envelope.Topic)
	}
	if f.verifier != nil {
		if d.Verdict = f.verifier.Verify(d.Tree); !d.Verdict.OK {
			return errors.New("verifying a message: " + d.Verdict.Reason)
		}
	}
	return nil
}
