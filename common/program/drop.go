package program

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"busbar/common/exit"
	"busbar/common/journal"
	"busbar/common/node"
	"busbar/common/show"
)

// DropPoison are the arguments of `poison drop`.
type DropPoison struct {
	ID         []int64 `arg:"" optional:"" help:"Numbers from the list."`
	All        bool    `help:"All of them."`
	Disputed   bool    `help:"All that state what is known in other words."`
	Translator string  `help:"All of this translator." placeholder:"NAME"`
}

// chosen are the numbers that the arguments mean.
func (d DropPoison) chosen(rows []journal.PoisonRow) ([]int64, error) {
	var ids []int64
	for _, row := range rows {
		if d.All || d.Disputed && row.Disputes != "" || d.Translator != "" && row.Translator == d.Translator || slices.Contains(d.ID, row.ID) {
			ids = append(ids, row.ID)
		}
	}
	for _, id := range d.ID {
		if !slices.Contains(ids, id) {
			return nil, fmt.Errorf("dropping poison: there is no item %d (see poison list)", id)
		}
	}
	if len(d.ID) == 0 && !d.All && !d.Disputed && d.Translator == "" {
		return nil, &exit.Error{Code: exit.Usage, Err: errors.New("dropping poison: say which: numbers, --all, --disputed or --translator NAME")}
	}
	return ids, nil
}

// drop removes items for good: at once where no daemon writes the journal, else
// by a request, which the daemon follows within seconds.
func (o Poison) drop(ctx context.Context, p *Env, d DropPoison) error {
	r, err := journal.OpenReader(ctx, o.Journal)
	if err != nil {
		return err
	}
	rows, err := r.Poisoned(ctx)
	if err := errors.Join(err, r.Close()); err != nil {
		return err
	}
	ids, err := d.chosen(rows)
	if err != nil {
		return err
	}
	if len(ids) == 0 {
		show.Fprintln(p.Stdout, "there is nothing to drop")
		return nil
	}
	err = journal.ErrLocked
	if !journal.InUse(o.Journal) {
		err = journal.DropPoison(ctx, o.Journal, ids)
	}
	if !errors.Is(err, journal.ErrLocked) {
		if err == nil {
			show.Fprintf(p.Stdout, "%d items are dropped\n", len(ids))
		}
		return err
	}
	if err := node.RequestDrop(o.Journal, ids); err != nil {
		return err
	}
	show.Fprintf(p.Stdout, "%d items will be dropped by the daemon, which writes the journal, within seconds\n", len(ids))
	return nil
}
