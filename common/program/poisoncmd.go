package program

import (
	"context"
	"log/slog"

	"busbar/common/journal"
)

// PoisonCommand is `poison` of every program. Who has it says what list, show and
// retry do with its items, by the tags set:"list=…", set:"show=…", set:"retry=…".
type PoisonCommand struct {
	List struct {
		JSON bool `help:"Print one JSON object a line."`
	} `cmd:"" default:"1" help:"${list}"`
	Show struct {
		ID int64 `arg:"" help:"Number from the list."`
	} `cmd:"" help:"${show}"`
	Retry struct {
		ID []int64 `arg:"" optional:"" help:"Numbers from the list; none: all."`
	} `cmd:"" help:"${retry}"`
	Drop DropPoison `cmd:"" help:"Remove some for good."`
}

// PoisonIn is the poison in one of a program's journals.
func PoisonIn(cfg Config, file string) Poison {
	return Poison{Journal: file, Retry: func(row journal.PoisonRow) error {
		return requeue(cfg.Sources(slog.New(slog.DiscardHandler)), file, row)
	}}
}

// Run works on the poison that the program's journal keeps.
func (c *PoisonCommand) Run(k *Selected, p *Env, g *Globals) error {
	cfg, err := p.load(g)
	if err != nil {
		return err
	}
	return c.On(PoisonIn(cfg, cfg.Common().Bus.Journal), k, p)
}

// On does to poison what the command line says.
func (c *PoisonCommand) On(poison Poison, k *Selected, p *Env) error {
	ctx := context.Background()
	if k.Leaf == "drop" {
		return poison.drop(ctx, p, c.Drop)
	}
	r, err := journal.OpenReader(ctx, poison.Journal)
	if err != nil {
		return err
	}
	defer r.Close()
	switch k.Leaf {
	case "show":
		return poison.show(ctx, p, r, c.Show.ID)
	case "retry":
		return poison.retry(ctx, p, r, c.Retry.ID)
	}
	return poison.list(ctx, p, r, c.List.JSON)
}
