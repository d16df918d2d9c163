// Package follow reads what other publishers say of bugs, so that no fact is published
// twice and what they may have missed is asked for. Up to where it was read is kept in a
// file: what was said while this program was away is read when it is back.
//
// Not here: asking (soapbus/sweep).
package follow

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"busbar/common/condition"
	"busbar/common/config"
	"busbar/common/event"
	"busbar/common/subscribe"
)

// A Follower reads the bus.
type Follower struct {
	Bus  config.Bus
	Sign config.Sign
	File string // that keeps up to where it was read
	// Say is called with each message about bugs: its id, its topic without the bus's
	// prefix, and its body. What it says must be durable when it returns: then the message
	// comes no more. After a crash some may come again.
	Say func(ctx context.Context, id uuid.UUID, topic string, body []byte) error
	// Received is called once all that was said while this program was away has been handed to
	// Say.
	Received func()
	// Watch and Register tell how the reading is.
	Watch    func(func() []condition.Condition)
	Register func(prometheus.Collector) error
	Log      *slog.Logger
}

const (
	// before is from when on a publisher is read that was never read: what it said while
	// the first round began.
	before = time.Hour
	// together is how many messages one position covers.
	together = 256
)

// Run reads what the bus says of bugs, and hands it to the sweep.
func (f Follower) Run(ctx context.Context) error {
	verifier, err := f.Sign.Verifier(func(alarm string) { f.Log.Warn(alarm) })
	if err != nil {
		return fmt.Errorf("following the bus: %w", err)
	}
	if verifier == nil {
		f.Log.Warn("following the bus without verification: anybody who can publish there can suppress facts here; set [sign] ca or keyring")
	}
	bus, err := subscribe.Open(ctx, subscribe.Options{
		Publishers: f.Bus.Publishers(), Hubs: f.Bus.Hubs, Verifier: verifier, File: f.File, From: subscribe.Since(time.Now().Add(-before)), Window: together, Log: f.Log,
	})
	if err != nil {
		return fmt.Errorf("following the bus: %w", err)
	}
	defer bus.Close()
	f.Watch(func() []condition.Condition { return bus.Status().Conditions() })
	if err := f.Register(bus.Collector()); err != nil {
		return fmt.Errorf("following the bus: %w", err)
	}
	waiting, stop := context.WithCancel(ctx)
	defer stop()
	go f.catchUp(waiting, bus)
	for {
		list, err := next(ctx, bus)
		if err != nil {
			return err
		}
		for _, m := range list {
			if err := f.take(ctx, m); err != nil {
				return err
			}
		}
		if err := bus.Ack(ctx, list...); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			f.Log.Warn("up to where the bus was read cannot be stored; it is tried again", "file", f.File, "error", err)
		}
	}
}

// next waits for a message, and takes those along that wait behind it.
func next(ctx context.Context, bus *subscribe.Subscriber) (list []*subscribe.Message, err error) {
	for more := 1; more > 0; more = bus.Pending() {
		m, err := bus.Next(ctx)
		if err != nil {
			return nil, err
		}
		list = append(list, m)
	}
	return list, nil
}

func (f Follower) take(ctx context.Context, m *subscribe.Message) error {
	switch {
	case m.Gap != nil:
		f.Log.Info("messages of the bus are missing; the sweep finds their facts", "what", m.Gap.String())
		return nil
	case m.Envelope.Publisher == f.Bus.Name:
		return nil
	}
	return f.suppress(ctx, m.Envelope)
}

// suppress records a message about a bug.
func (f Follower) suppress(ctx context.Context, e event.Envelope) error {
	topic, ours := strings.CutPrefix(e.Topic, f.Bus.Prefix+"."+f.Bus.Environment+".")
	if !ours || !strings.HasPrefix(topic, "debbugs.") {
		return nil
	}
	id, err := event.IDUUID(e.MsgID)
	if err != nil {
		return nil // another's, with ids of another form
	}
	body, err := e.BodyJSON()
	if err != nil {
		return nil // no body that could be compared
	}
	return f.Say(ctx, id, topic, body)
}
