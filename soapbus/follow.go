package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"busbar/common/event"
	"busbar/common/journal"
	"busbar/common/wire"
)

// follow reads what the bus says of bugs. A fact that another publisher published is
// not published again by us, and its bug is asked in the next round: where one change
// came by mail, others may have been missed.
func (s *site) follow(ctx context.Context) error {
	verifier, err := s.cfg.Sign.Verifier(func(alarm string) { s.log.Warn(alarm) })
	if err != nil {
		return fmt.Errorf("following the bus: %w", err)
	}
	if verifier == nil {
		s.log.Warn("following the bus without verification: anybody who can publish there can suppress facts here; set [sign] ca")
	}
	f, err := wire.Follow(ctx, wire.FollowOptions{Endpoints: s.cfg.Bus.Publishers(), Verifier: verifier, Log: s.log})
	if err != nil {
		return fmt.Errorf("following the bus: %w", err)
	}
	defer f.Close()
	for {
		m, err := f.Next(ctx)
		switch {
		case err != nil:
			return err
		case m.Err != nil:
			s.log.Warn("message of the bus rejected", "endpoint", m.Endpoint, "error", m.Err)
		case m.Gap != nil:
			s.log.Info("messages of the bus were missed; the sweep finds their facts", "publisher", m.Gap.Publisher, "from", m.Gap.From, "to", m.Gap.To)
		}
		for _, note := range m.Notes {
			s.log.Warn("following the bus", "endpoint", m.Endpoint, "note", note)
		}
		if m.Err == nil && !m.Heartbeat && !m.Duplicate && m.Envelope.Publisher != s.cfg.Bus.Name {
			if err := s.suppress(ctx, m.Envelope); err != nil {
				return err
			}
		}
	}
}

// suppress records a message about a bug.
func (s *site) suppress(ctx context.Context, e event.Envelope) error {
	topic, ours := strings.CutPrefix(e.Topic, s.cfg.Bus.Prefix+"."+s.cfg.Bus.Environment+".")
	if !ours || !strings.HasPrefix(topic, "debbugs.") {
		return nil
	}
	id, err := event.IDUUID(e.MsgID)
	if err != nil {
		return nil // another's, with ids of another form
	}
	if _, err := s.node.Journal.Append(ctx, journal.Record{Suppressed: []uuid.UUID{id}}); err != nil {
		return fmt.Errorf("storing what the bus published: %w", err)
	}
	if body, ok := e.Msg.(map[string]any); ok {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.sweep.Hint(int(event.Integer(body["bug"])))
	}
	return nil
}
