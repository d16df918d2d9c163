package main

import (
	"context"

	"busbar/common/journal"
	"busbar/common/program"
	"busbar/common/show"
)

type poisonCmd struct {
	Webhooks bool `help:"That of [webhook] journal, where scmhook serve has a journal of its own."`

	List struct {
		JSON bool `help:"Print one JSON object a line."`
	} `cmd:"" default:"1" help:"List the spool files and webhooks that could not be read, and why."`
	Show struct {
		ID int64 `arg:"" help:"Number from the list."`
	} `cmd:"" help:"Print one exactly as it came."`
	Retry struct {
		ID []int64 `arg:"" optional:"" help:"Numbers from the list; none: all."`
	} `cmd:"" help:"Give items back to where they came from: spool files to scmhook run, webhooks to scmhook serve."`
	Drop program.DropPoison `cmd:"" help:"Remove some for good."`
}

// Run works on the poison that the journal keeps.
func (c *poisonCmd) Run(k *program.Selected, p *program.Env, g *program.Globals) error {
	cfg, err := load(p, g)
	if err != nil {
		return err
	}
	ctx := context.Background()
	file := cfg.Bus.Journal
	if c.Webhooks {
		file = cfg.webhookJournal()
	}
	poison := program.Poison{Journal: file, Retry: giveBack(cfg, file)}
	switch k.Leaf {
	case "show":
		return poison.Show(ctx, p, c.Show.ID)
	case "retry":
		return poison.RetryAll(ctx, p, c.Retry.ID)
	case "drop":
		return poison.Drop(ctx, p, c.Drop)
	}
	if err := poison.List(ctx, p, c.List.JSON); err != nil {
		return err
	}
	if n := otherPoison(ctx, cfg.webhookJournal(), file); n > 0 {
		show.Fprintf(p.Stderr, "scmhook: %d more in the webhooks' journal (scmhook poison --webhooks list)\n", n)
	}
	return nil
}

// otherPoison counts what another journal keeps; 0 where it cannot be read, or is
// the same.
func otherPoison(ctx context.Context, other, file string) int {
	if other == file {
		return 0
	}
	r, err := journal.OpenReader(ctx, other)
	if err != nil {
		return 0
	}
	defer r.Close()
	rows, err := r.Poisoned(ctx)
	if err != nil {
		return 0
	}
	return len(rows)
}
