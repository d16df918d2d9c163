package program

import (
	"github.com/alecthomas/kong"

	"busbar/common/node"
	"busbar/common/show"
)

// Version prints the version.
type Version struct {
	JSON bool `help:"Print JSON."`
}

// Run prints the version.
func (c *Version) Run(p *Env) error {
	if c.JSON {
		return PrintJSON(p.Stdout, map[string]string{"program": p.Name, "version": node.Version()})
	}
	_, err := show.Fprintf(p.Stdout, "%s %s\n", p.Name, node.Version())
	return err
}

// versionFlag is --version, which ends the program as --help does.
type versionFlag bool

// BeforeReset prints the version before anything else on the command line is looked at.
func (versionFlag) BeforeReset(k *kong.Kong, p *Env) error {
	if err := (&Version{}).Run(p); err != nil {
		return err
	}
	k.Exit(0)
	return nil
}
