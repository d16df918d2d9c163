package main

import "busbar/common/daemon"

// Config is the configuration of bus: the tables that all programs share, from
// /etc/busbar/bus.toml.
type Config struct {
	Bus  daemon.BusConfig  `toml:"bus"`
	Sign daemon.SignConfig `toml:"sign"`
}

func load(p *daemon.Program, g *daemon.Globals) (Config, error) {
	c := Config{Bus: daemon.DefaultBus(), Sign: daemon.DefaultSign()}
	if _, err := g.Source(p).Load(&c); err != nil {
		return c, &daemon.ExitError{Code: daemon.ExitConfig, Err: err}
	}
	if err := c.Bus.Complete(p.Name); err != nil {
		return c, &daemon.ExitError{Code: daemon.ExitConfig, Err: err}
	}
	return c, nil
}
