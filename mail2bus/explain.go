package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"busbar/common/mail"
	"busbar/common/program"
	"busbar/mail2bus/stored"
)

// Explain shows the mails of a file or directory, as import reads them.
func (c *Config) Explain(p *program.Env, name string, show program.Show) error {
	limit := int64(c.Mail.Limit)
	in, err := stored.Open(name, p.Stdin, stored.Options{Limit: limit})
	if err != nil {
		return fmt.Errorf("explaining: %w", err)
	}
	for {
		m, err := in.Next()
		if err == nil {
			it := newItem(m.Origin, m.Raw, arrived(m, time.Now()), limit)
			err = show(it, it.Value.(*mail.Message).Defects...)
		}
		if err == io.EOF {
			return in.Close()
		}
		if err != nil {
			return errors.Join(fmt.Errorf("explaining: %w", err), in.Close())
		}
	}
}
