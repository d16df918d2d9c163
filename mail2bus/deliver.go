package main

import (
	"errors"

	"busbar/common/daemon"
	"busbar/mail2bus/maildir"
)

type deliverCmd struct {
	Spool string `help:"The spool, instead of the configuration's; nothing else is read then." placeholder:"DIR" type:"path"`
}

// Run puts the mail on standard input into the spool. It does not look into it:
// what cannot be read is for the daemon to keep as poison.
func (c deliverCmd) Run(p *daemon.Program, g *daemon.Globals) error {
	if c.Spool == "" {
		cfg, err := load(p, g)
		if err != nil {
			return err
		}
		c.Spool = cfg.Mail.Spool
	}
	if c.Spool == "" {
		return errors.New("delivering: there is no spool (set [mail] spool, or give --spool)")
	}
	_, err := maildir.Deliver(c.Spool, p.Stdin)
	return err
}
