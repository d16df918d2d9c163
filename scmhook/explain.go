package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"busbar/common/event"
	"busbar/common/program"
	"busbar/scmhook/feed"
	"busbar/scmhook/hook"
	"busbar/scmhook/refs"
	"busbar/scmhook/spool"
)

type explainCmd struct {
	JSON  bool     `help:"Print one JSON object a line for each."`
	Items []string `arg:"" name:"file|id" help:"Spool files, or ids in the journal."`
}

// Run shows what each item becomes. A spool file's lines are taken as they are,
// without asking the journal what was published before.
func (c explainCmd) Run(p *program.Env, g *program.Globals) error {
	cfg, err := load(p, g)
	if err != nil {
		return err
	}
	var failed error
	for _, arg := range c.Items {
		if _, err := event.IDUUID(arg); err == nil {
			failed = errors.Join(failed, program.ExplainID(context.Background(), p, cfg.Bus.Journal, arg, c.JSON))
			continue
		}
		if err := c.explain(p, cfg, arg); err != nil {
			failed = errors.Join(failed, fmt.Errorf("explaining %s: %w", arg, err))
		}
	}
	return failed
}

func (c explainCmd) explain(p *program.Env, cfg Config, path string) error {
	b, err := batchOf(cfg, path)
	if err != nil {
		return err
	}
	it, err := describer{scm: cfg.SCM}.push(context.Background(), b)
	if err != nil {
		return err
	}
	it.Origin = path
	x, err := program.Explain(table(cfg.SCM), it, cfg.Bus)
	if err != nil {
		return err
	}
	return x.Print(p.Stdout, c.JSON)
}

// batchOf reads a spool file as if nothing had been published before.
func batchOf(cfg Config, path string) (feed.Batch, error) {
	n, raw, err := spool.Read(filepath.Dir(path), filepath.Base(path))
	if errors.Is(err, spool.ErrUnreadable) {
		return feed.Batch{Raw: raw, Broken: err.Error()}, nil
	}
	if err != nil {
		return feed.Batch{}, err
	}
	set, err := feed.NewSet(cfg.SCM.Repositories)
	if err != nil {
		return feed.Batch{}, err
	}
	r, ok := set.Find(n.System, n.Repository)
	if !ok {
		return feed.Batch{Notice: &n, Raw: raw, Nothing: "not in [scm] repositories"}, nil
	}
	b := feed.Batch{Repository: r, Notice: &n, Raw: raw}
	if n.Hook != hook.PostReceive {
		return b, nil
	}
	lines, err := spool.Lines(n.Input)
	if err != nil {
		b.Broken = err.Error()
	}
	for _, l := range lines {
		b.Updates = append(b.Updates, refs.Update{Ref: l.Ref, Old: l.Old, New: l.New})
	}
	return b, nil
}
