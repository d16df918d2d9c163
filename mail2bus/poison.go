package main

import (
	"bytes"
	"errors"

	"busbar/common/program"
	"busbar/mail2bus/maildir"
)

// poison is that of the journal; it is given back to the last place that is read.
func poison(p *program.Env, g *program.Globals) (program.Poison, error) {
	cfg, err := load(p, g)
	return program.Poison{Journal: cfg.Bus.Journal, Retry: func(item []byte) error { return retry(cfg.Mail, item) }}, err
}

// retry puts a mail back where the daemon finds it.
func retry(c MailConfig, item []byte) error {
	places := c.places()
	if len(places) == 0 {
		return errors.New("neither [mail] maildir nor [mail] spool is set")
	}
	_, err := maildir.Deliver(places[len(places)-1], bytes.NewReader(item))
	return err
}
