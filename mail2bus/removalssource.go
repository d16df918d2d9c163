package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"busbar/adapters/dak"
	"busbar/common/program"
	"busbar/common/pump"
	"busbar/mail2bus/removals"
)

// removals is the archive's log of removals as a source.
func (c *Config) removals() *program.Source {
	const name = "removals.822" // of the position; one archive has one log
	file := c.Dak.Removals
	return &program.Source{
		Name: name, Title: "removals",
		Open: func(ctx context.Context, o *program.Opening) (pump.Channel, error) {
			l := removals.Open(removals.Options{
				File: file, Journal: o.Node.Journal, Source: name, Poll: time.Duration(c.Mail.Poll),
				Once: o.Once, History: c.Dak.History, Log: o.Log,
			})
			// Without it, what comes before the first poll would be taken for old.
			if err := l.Begin(ctx); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return nil, err
			}
			return l, nil
		},
		Parse: func(item []byte) (any, error) { return dak.Stanza(item), nil },
		Check: func(context.Context, *program.Env) []program.Finding {
			f, err := os.Open(file)
			if err == nil {
				err = f.Close()
			}
			if err != nil {
				err = fmt.Errorf("reading [dak] removals: %w (the daemon must read it)", err)
			}
			return []program.Finding{program.Found("removals", err, file)}
		},
	}
}
