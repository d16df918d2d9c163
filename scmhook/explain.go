package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"busbar/common/program"
	"busbar/scmhook/feed"
	"busbar/scmhook/hook"
	"busbar/scmhook/refs"
	"busbar/scmhook/spool"
)

// Explain shows a spool file. Its lines are taken as they are, without asking the
// journal what was published before.
func (c *Config) Explain(_ *program.Env, path string, show program.Show) error {
	b, err := batchOf(c, path)
	if err != nil {
		return fmt.Errorf("explaining %s: %w", path, err)
	}
	it, err := c.describer().Push(context.Background(), b)
	if err != nil {
		return fmt.Errorf("explaining %s: %w", path, err)
	}
	it.Origin = path
	return show(it)
}

// batchOf reads a spool file as if nothing had been published before.
func batchOf(cfg *Config, path string) (feed.Batch, error) {
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
