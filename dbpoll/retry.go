package main

import (
	"context"

	"busbar/common/node"
	"busbar/common/program"
)

type poisonCmd struct {
	List struct {
		JSON bool `help:"Print one JSON object a line."`
	} `cmd:"" default:"1" help:"List the changes that could not be read, and why."`
	Show struct {
		ID int64 `arg:"" help:"Number from the list."`
	} `cmd:"" help:"Print one as JSON, as explain takes it."`
	Retry struct {
		ID []int64 `arg:"" optional:"" help:"Numbers from the list; none: all."`
	} `cmd:"" help:"Give changes back to the daemon, or to the next poll, which reads them as if they were new."`
	Drop program.DropPoison `cmd:"" help:"Remove some for good."`
}

// Run works on the poison that the journal keeps.
func (c *poisonCmd) Run(k *program.Selected, p *program.Env, g *program.Globals) error {
	cfg, err := load(p, g)
	if err != nil {
		return err
	}
	ctx := context.Background()
	dir := node.RetryDir(cfg.Bus)
	poison := program.Poison{Journal: cfg.Bus.Journal, Retry: func(item []byte) error { return node.Requeue(dir, item, cfg.Bus.Journal) }}
	switch k.Leaf {
	case "show":
		return poison.Show(ctx, p, c.Show.ID)
	case "retry":
		return poison.RetryAll(ctx, p, c.Retry.ID)
	case "drop":
		return poison.Drop(ctx, p, c.Drop)
	}
	return poison.List(ctx, p, c.List.JSON)
}
