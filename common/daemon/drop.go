package daemon

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"busbar/common/journal"
	"busbar/common/show"
)

// DropPoison are the arguments of `poison drop`.
type DropPoison struct {
	ID         []int64 `arg:"" optional:"" help:"Numbers from the list."`
	All        bool    `help:"All of them."`
	Disputed   bool    `help:"All that tell in other words what is known."`
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
		return nil, &ExitError{ExitUsage, errors.New("dropping poison: say which: numbers, --all, --disputed or --translator NAME")}
	}
	return ids, nil
}

// Drop removes items for good: at once where no daemon writes the journal, else
// by a request, which the daemon follows within seconds.
func (o Poison) Drop(ctx context.Context, p *Program, d DropPoison) error {
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
	for _, id := range ids {
		// The same request twice is one.
		if err := leave(dropDir(o.Journal), strconv.FormatInt(id, 10), nil, o.Journal); err != nil && !errors.Is(err, os.ErrExist) {
			return fmt.Errorf("asking the daemon to drop item %d: %w", id, err)
		}
	}
	show.Fprintf(p.Stdout, "%d items will be dropped by the daemon, which writes the journal, within seconds\n", len(ids))
	return nil
}

func dropDir(journal string) string { return journal + ".drop" }

// drops follows the requests of `poison drop` until ctx ends.
func (n *Node) drops(ctx context.Context) {
	told := false
	tick := time.NewTicker(retryEvery)
	defer tick.Stop()
	for {
		err := n.drop(ctx)
		if err != nil && !told && ctx.Err() == nil {
			n.log.Error("poison could not be dropped; trying again", "error", err)
		}
		told = err != nil
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (n *Node) drop(ctx context.Context) error {
	dir := dropDir(n.bus.Journal)
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("looking for poison to drop: %w", err)
	}
	var ids []int64
	var done []string
	for _, e := range entries {
		if id, err := strconv.ParseInt(e.Name(), 10, 64); err == nil && e.Type().IsRegular() {
			ids = append(ids, id)
			done = append(done, filepath.Join(dir, e.Name()))
		}
	}
	if len(ids) == 0 {
		return nil
	}
	if err := n.Journal.DropPoison(ctx, ids); err != nil {
		return err
	}
	n.log.Info("poison was dropped, as asked", "items", len(ids))
	for _, path := range done { // one that stays is followed again, and does nothing
		err = errors.Join(err, os.Remove(path))
	}
	return err
}
