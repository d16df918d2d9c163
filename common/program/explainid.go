package program

import (
	"context"
	"errors"
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
		_, err := show.Fprintf(p.Stdout, "%s\n", show.Clean(show.JSON(m.Wire)))
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
	_, err = show.Fprintf(p.Stdout, "  says %s\n", show.Clean(show.JSON(body)))
	return err
}

// published reads the journal for explain, where there is one that may be read: who
// asks why nothing came of a mail learns that its fact was published before.
func published(ctx context.Context, path string) (known func(id string) string, end func() error) {
	r, err := journal.OpenReader(ctx, path)
	if err != nil {
		return func(string) string { return "" }, func() error { return nil }
	}
	return func(id string) string {
		n, err := r.Number(ctx, id)
		switch {
		case err == nil:
			return fmt.Sprintf("published as number %d", n)
		case errors.Is(err, journal.ErrElsewhere):
			return "published by another publisher"
		}
		return ""
	}, r.Close
}
