package main

import (
	"bufio"
	"errors"
	"io"
	"os"

	"busbar/common/exit"
	"busbar/common/program"
	"busbar/common/show"
	"busbar/mail2bus/maildir"
)

type deliverCmd struct {
	delivered bool

	Spool string `help:"The spool, instead of the configuration's; nothing else is read then." placeholder:"DIR" type:"path"`
}

// Run puts the mail on standard input into the spool. It does not look into it:
// what cannot be read is for the daemon to keep as poison.
func (c *deliverCmd) Run(p *program.Env, g *program.Globals) error {
	if c.Spool == "" {
		cfg, err := program.Load[*Config](p, g)
		if err != nil {
			return err
		}
		c.Spool = cfg.Mail.Spool
	}
	if c.Spool == "" {
		return errors.New("delivering: there is no spool (set [mail] spool, or give --spool)")
	}
	in := bufio.NewReader(p.Stdin)
	if _, err := in.Peek(1); errors.Is(err, io.EOF) {
		// Whoever should send a mail has died, or its input was closed.
		return errors.New("delivering: standard input is empty or closed, and no mail")
	}
	_, err := maildir.Deliver(c.Spool, in)
	c.delivered = err == nil
	return err
}

// answer is the exit code of deliver: 0 for a mail that cannot be lost, and 75
// for whatever else happened. A person who asks for help at a terminal has no
// mail to be lost.
func (c *deliverCmd) answer(p *program.Env, code int) int {
	if c.delivered {
		return code
	}
	if code == exit.OK {
		if f, ok := p.Stdin.(*os.File); ok {
			if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
				return code
			}
		}
		show.Fprintln(p.Stderr, "mail2bus: delivering: this delivers nothing, and the mail system must keep the mail")
	}
	return exit.TempFail
}
