// Package setup is `bus init`: what all programs of a machine share, and whom its
// followers trust.
package setup

import "busbar/common/program"

// Command is `bus init`.
type Command struct {
	Init initial `cmd:"" help:"Set this machine up for a bus: its authority, or another machine's, and bus.toml, by which followers find all publishers. Publishers are added by their own setup."`
}

type initial struct {
	program.SetupFlags
	Follow   bool     `help:"This machine only follows: make no authority. With --ca and --crl."`
	Endpoint []string `help:"Publisher on another machine to follow, such as tcp://lists.example.org:9940. May be repeated." placeholder:"ENDPOINT"`
}

// Run sets the machine up.
func (c *initial) Run(p *program.Env) error {
	return c.InitBus(p, !c.Follow && c.CA == "", c.Endpoint)
}
