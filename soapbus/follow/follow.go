// Package follow reads what other publishers say of bugs, so that no fact is published
// twice and what they may have missed is asked for.
//
// Not here: asking (soapbus/sweep).
package follow

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"github.com/google/uuid"

	"busbar/common/config"
	"busbar/common/event"
	"busbar/common/journal"
	"busbar/common/wire"
)

// A Follower reads the bus.
type Follower struct {
	Bus     config.Bus
	Sign    config.Sign
	Journal *journal.Journal
	Hint    func(bug int) // is told of each bug that is spoken of
	Log     *slog.Logger
}

// Run reads what the bus says of bugs. A fact that another publisher published is
// not published again by us, and its bug is asked in the next round: where one change
// came by mail, others may have been missed.
func (f Follower) Run(ctx context.Context) error {
	verifier, err := f.Sign.Verifier(func(alarm string) { f.Log.Warn(alarm) })
	if err != nil {
		return fmt.Errorf("following the bus: %w", err)
	}
	if verifier == nil {
		f.Log.Warn("following the bus without verification: anybody who can publish there can suppress facts here; set [sign] ca")
	}
	bus, err := wire.Follow(ctx, wire.FollowOptions{Endpoints: f.Bus.Publishers(), Verifier: verifier, Log: f.Log})
	if err != nil {
		return fmt.Errorf("following the bus: %w", err)
	}
	defer bus.Close()
	for {
		m, err := bus.Next(ctx)
		switch {
		case err != nil:
			return err
		case m.Err != nil:
			f.Log.Warn("message of the bus rejected", "endpoint", m.Endpoint, "error", m.Err)
		case m.Gap != nil:
			f.Log.Info("messages of the bus were missed; the sweep finds their facts", "publisher", m.Gap.Publisher, "from", m.Gap.From, "to", m.Gap.To)
		}
		for _, note := range m.Notes {
			f.Log.Warn("following the bus", "endpoint", m.Endpoint, "note", note)
		}
		if m.Err == nil && !m.Heartbeat && !m.Duplicate && m.Envelope.Publisher != f.Bus.Name {
			if err := f.suppress(ctx, m.Envelope); err != nil {
				return err
			}
		}
	}
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
	if _, err := f.Journal.Append(ctx, journal.Record{Suppressed: []uuid.UUID{id}}); err != nil {
		return fmt.Errorf("storing what the bus published: %w", err)
	}
	if body, ok := e.Msg.(map[string]any); ok {
		f.Hint(int(event.Integer(body["bug"])))
	}
	return nil
}
