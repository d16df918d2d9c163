package main

import (
	"busbar/common/node"
	"busbar/common/program"
)

// poison is that of the journal; it is given back beside that, for the one process
// that may write there.
func poison(p *program.Env, g *program.Globals) (program.Poison, error) {
	cfg, err := load(p, g)
	return program.Poison{Journal: cfg.Bus.Journal, Retry: func(item []byte) error {
		return node.Requeue(node.RetryDir(cfg.Bus.Journal), item, cfg.Bus.Journal)
	}}, err
}
