package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

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
			items = append(items, parsed(raw))
		}
	}
	reply, err := tracker.ReadReply(text)
	if err != nil {
		return []any{err}, ""
	}
	return c.reply(reply)
}

// reply is what a captured reply tells where nothing was known before.
func (c explainCmd) reply(r tracker.Reply) (items []any, skip string) {
	switch {
	case r.Fault != nil:
		return []any{r.Fault}, ""
	case len(r.Statuses) > 0:
		for _, st := range r.Statuses {
			items = append(items, debbugs.Change{Bug: st.Bug, After: &st})
		}
		return items, ""
	case len(r.Usertags) > 0:
		for _, tag := range slices.Sorted(maps.Keys(r.Usertags)) {
			items = append(items, debbugs.UsertagChange{User: c.User, Tag: tag, Added: r.Usertags[tag], Removed: []int{}, Serial: 1})
		}
		return items, ""
	case len(r.Log) > 0:
		if c.Bug == 0 {
			return nil, "a log does not say whose it is: name the bug with --bug"
		}
		st := debbugs.Status{Bug: c.Bug}
		return []any{debbugs.Change{Bug: c.Bug, After: &st, Log: r.Log, More: true}}, ""
	case len(r.Bugs) > 0:
		return nil, fmt.Sprintf("%s: a list of %d bugs, which are asked next", r.Method, len(r.Bugs))
	case len(r.Pairs) > 0:
		return nil, fmt.Sprintf("%s: %d look-ups, which tell no news", r.Method, len(r.Pairs))
	}
	return nil, r.Method + ": an empty reply"
}
