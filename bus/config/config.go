// Package config is what the commands of bus share of their configuration, and
// whom they trust.
package config

import (
	"busbar/common/config"
	"busbar/common/exit"
	"busbar/common/program"
	"busbar/common/show"
	"busbar/common/sign"
)

// Config is the configuration of bus: the tables that all programs share, and
// what its daemons have of their own, from /etc/busbar/bus.toml.
type Config struct {
	Bus     config.Bus  `toml:"bus"`
	Sign    config.Sign `toml:"sign"`
	Hub     Hub         `toml:"hub"`
	Forward Forward     `toml:"forward"`
	Notify  Notify      `toml:"notify"`
	Badges  Badges      `toml:"badges"`
	Check   Check       `toml:"check"`
}

// Default is the configuration where nothing is configured.
func Default() Config {
	return Config{Bus: config.DefaultBus(), Sign: config.DefaultSign(), Hub: DefaultHub(), Forward: DefaultForward(), Notify: DefaultNotify(), Badges: DefaultBadges(), Check: DefaultCheck()}
}

// Load reads the configuration from where the flags say that it is.
func Load(p *program.Env, g *program.Globals) (Config, error) {
	c := Default()
	if _, err := g.Source(p).Load(&c); err != nil {
		return c, &exit.Error{Code: exit.Config, Err: err}
	}
	if err := c.Complete(p.Name); err != nil {
		return c, &exit.Error{Code: exit.Config, Err: err}
	}
	return c, nil
}

// Complete fills what depends on the program's name, and reports what cannot work.
func (c *Config) Complete(program string) error { return c.Bus.Complete(program) }

// Trust is the flags of commands that verify messages.
type Trust struct {
	CA  string `help:"Trust certificates of this authority (PEM file). Default: [sign] ca." placeholder:"FILE" type:"path"`
	CRL string `help:"Revocation list (PEM file). Default: [sign] crl." placeholder:"FILE" type:"path"`

	Keyring string `help:"Trust OpenPGP keys: a folder of NAME.asc, or a keyring's file. Default: [sign] keyring; none with --ca." placeholder:"PATH" type:"path"`
}

// Over is the configuration as the flags change it.
func (t Trust) Over(c config.Sign) config.Sign {
	switch {
	case t.CA != "" || t.Keyring != "":
		c.CA, c.CRL, c.Keyring, c.Backend = t.CA, t.CRL, t.Keyring, "x509"
	case t.CRL != "":
		c.CRL = t.CRL
	}
	return c
}

// Verifier verifies as the flags say, or else the configuration; nil where
// neither knows an authority. It tells its alarms on standard error.
func (t Trust) Verifier(p *program.Env, c config.Sign) (*sign.Verifier, error) {
	return t.Over(c).Verifier(func(alarm string) { show.Fprintf(p.Stderr, "bus: ALARM: %s\n", alarm) })
}
