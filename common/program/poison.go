package program

import (
	"context"
	"fmt"
	"time"

	"busbar/common/journal"
	"busbar/common/show"
)

// Poison is what the command poison works on.
type Poison struct {
	Journal string // the journal's file
	// Retry gives an item back to the source that made it; the daemon then
	// reads it as if it were new, and forgets the poison if it can be read.
	Retry func(journal.PoisonRow) error
}

// list prints what is kept.
func (o Poison) list(ctx context.Context, p *Env, r *journal.Reader, asJSON bool) error {
	rows, err := r.Poisoned(ctx)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if asJSON {
			if err := PrintJSON(p.Stdout, poisonLine(row)); err != nil {
				return err
			}
			continue
		}
		show.Fprintf(p.Stdout, "%d  %s  %d attempts  %d bytes  %s: %s\n    from %s\n", row.ID,
			row.Last.UTC().Format(time.RFC3339), row.Attempts, row.Size, row.Translator, row.Reason, row.Origin)
		if row.Disputes != "" {
			show.Fprintf(p.Stdout, "    known as %s\n", row.Disputes)
		}
	}
	if !asJSON {
		show.Fprintln(p.Stdout, sum(rows))
	}
	return nil
}

// sum is the last line of the list.
func sum(rows []journal.PoisonRow) string {
	if len(rows) == 0 {
		return "no poison is kept"
	}
	size, disputed := 0, 0
	for _, row := range rows {
		size += row.Size
		if row.Disputes != "" {
			disputed++
		}
	}
	return fmt.Sprintf("%d items, %d bytes; %d of them state what is known in other words", len(rows), size, disputed)
}

// show writes one item exactly as it came; to a terminal, as it may be shown
// there.
func (o Poison) show(ctx context.Context, p *Env, r *journal.Reader, id int64) error {
	row, err := r.PoisonItem(ctx, id)
	if err != nil {
		return err
	}
	if p.Terminal() {
		_, err = show.Fprintf(p.Stdout, "%s", show.Clean(show.Lines(string(row.Item))))
		return err
	}
	_, err = p.Stdout.Write(row.Item)
	return err
}

// retry gives the named items back, or all that could not be read.
func (o Poison) retry(ctx context.Context, p *Env, r *journal.Reader, ids []int64) error {
	if len(ids) == 0 {
		rows, err := r.Poisoned(ctx)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if row.Disputes == "" {
				ids = append(ids, row.ID)
			}
		}
	}
	for _, id := range ids {
		row, err := r.PoisonItem(ctx, id)
		if err != nil {
			return err
		}
		if err := o.Retry(row); err != nil {
			return fmt.Errorf("requeueing item %d: %w", id, err)
		}
		show.Fprintf(p.Stdout, "item %d is requeued; the daemon reads it again\n", id)
	}
	return nil
}

func poisonLine(row journal.PoisonRow) map[string]any {
	return map[string]any{
		"id": row.ID, "digest": row.Digest, "source": row.Source, "origin": row.Origin, "translator": row.Translator,
		"reason": row.Reason, "attempts": row.Attempts, "size": row.Size, "disputes": row.Disputes,
		"first": row.First.UTC().Format(time.RFC3339), "last": row.Last.UTC().Format(time.RFC3339),
	}
}
