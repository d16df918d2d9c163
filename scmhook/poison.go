package main

import (
	"context"

	"busbar/common/journal"
	"busbar/common/program"
	"busbar/common/show"
)

type poisonCmd struct {
	Webhooks bool `help:"That of [webhook] journal, where scmhook serve has a journal of its own."`

	program.PoisonCommand
}

// Run works on the poison that the journal keeps.
func (c *poisonCmd) Run(k *program.Selected, p *program.Env, g *program.Globals) error {
	cfg, err := program.Load[*Config](p, g)
	if err != nil {
		return err
	}
	file := cfg.Bus.Journal
	if c.Webhooks {
		file = cfg.webhookJournal()
	}
	if err := c.On(program.PoisonIn(cfg, file), k, p); err != nil || k.Leaf == "show" || k.Leaf == "retry" || k.Leaf == "drop" {
		return err
	}
	if n := otherPoison(context.Background(), cfg.webhookJournal(), file); n > 0 {
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
