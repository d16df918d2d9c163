package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"busbar/adapters/debbugs"
	"busbar/common/program"
	"busbar/common/translate"
	"busbar/soapbus/tracker"
)

type explainCmd struct {
	program.ExplainCommand

	Bug  int    `help:"The bug of a captured get_bug_log, which does not name it." placeholder:"N"`
	User string `help:"The user of a captured get_usertag, which does not name it." placeholder:"ADDRESS" default:"unknown"`
}

// maxReply bounds what is read of one file.
const maxReply = 256 << 20

// Run explains what the flags complete.
func (c explainCmd) Run(p *program.Env, g *program.Globals) error {
	cfg, err := program.Load[*Config](p, g)
	if err != nil {
		return err
	}
	return c.Each(p, cfg, func(path string, show program.Show) error { return c.file(p, path, show) })
}

// Explain is for commands without flags.
func (c *Config) Explain(p *program.Env, path string, show program.Show) error {
	return explainCmd{User: "unknown"}.file(p, path, show)
}

// file shows the changes of a file.
func (c explainCmd) file(p *program.Env, path string, show program.Show) error {
	in, received, err := p.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	text, err := io.ReadAll(io.LimitReader(in, maxReply))
	if err != nil {
		return fmt.Errorf("explaining: %w", err)
	}
	items, skip := c.items(text)
	if skip != "" {
		return program.Explanation{Origin: path, Events: []program.ExplainedEvent{}, Skip: skip}.Print(p.Stdout, c.JSON)
	}
	for n, it := range items {
		if err := show(translate.Item[any]{Origin: fmt.Sprintf("%s:%d", path, n+1), Value: it, Received: received}); err != nil {
			return err
		}
	}
	return nil
}

// items reads a file: JSON, or a reply as it came.
func (c explainCmd) items(text []byte) (items []any, skip string) {
	if text = bytes.TrimSpace(text); bytes.HasPrefix(text, []byte("{")) {
		dec := json.NewDecoder(bytes.NewReader(text))
		for {
			var raw json.RawMessage
			err := dec.Decode(&raw)
			if errors.Is(err, io.EOF) {
				return items, ""
			}
			if err != nil {
				return append(items, fmt.Errorf("reading a change: %w", err)), ""
			}
			item, err := debbugs.ParseChange(raw)
			if err != nil {
				item = err
			}
			items = append(items, item)
		}
	}
	reply, err := tracker.ReadReply(text)
	if err != nil {
		return []any{err}, ""
	}
	return reply.Changes(c.Bug, c.User)
}
