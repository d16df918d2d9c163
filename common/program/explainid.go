package program

import (
	"context"
	"fmt"
	"time"

	"busbar/common/event"
	"busbar/common/journal"
	"busbar/common/show"
)

// explainID shows the message of the journal that bears an id: where it came
// from, who vouches for it, and what it says.
func explainID(ctx context.Context, p *Env, path, id string, asJSON bool) error {
	r, err := journal.OpenReader(ctx, path)
	if err != nil {
		return err
	}
	defer r.Close()
	m, err := r.ByID(ctx, id)
	if err != nil {
		return fmt.Errorf("looking for %s in %s: %w", id, path, err)
	}
	if asJSON {
		_, err := show.Fprintf(p.Stdout, "%s\n", m.Wire)
		return err
	}
	_, e, err := event.ParseMessage(m.Wire)
	if err != nil {
		return fmt.Errorf("reading message %d: %w", m.Seq, err)
	}
	show.Fprintf(p.Stdout, "%s\n  %s\n  number %d, taken %s, read from %s\n", e.MsgID, e.Topic, m.Seq, m.Time.UTC().Format(time.RFC3339), e.Origin)
	if e.EventTime != "" {
		show.Fprintf(p.Stdout, "  happened %s\n", e.EventTime)
	}
	for _, v := range e.Evidence {
		show.Fprintf(p.Stdout, "  evidence: %s %s (%s)\n", v.Type, v.Detail, v.Verdict)
	}
	body, err := e.BodyJSON()
	if err != nil {
		return err
	}
	_, err = show.Fprintf(p.Stdout, "  says %s\n", body)
	return err
}
