package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"time"

	"busbar/adapters/debbugs"
	"busbar/common/event"
	"busbar/common/program"
	"busbar/common/translate"
	"busbar/soapbus/tracker"
)

type explainCmd struct {
	JSON  bool     `help:"Print one JSON object a line for each bug."`
	Bug   int      `help:"The bug of a captured get_bug_log, which does not name it." placeholder:"N"`
	User  string   `help:"The user of a captured get_usertag, which does not name it." placeholder:"ADDRESS" default:"unknown"`
	Items []string `arg:"" name:"file|id" help:"Files with a captured reply (HTTP or its XML) or with changes as JSON, or ids in the journal. '-' is standard input."`
}

// maxReply bounds what is read of one file.
const maxReply = 256 << 20

// Run shows what each thing becomes, as the daemon would do it.
func (c explainCmd) Run(p *program.Env, g *program.Globals) error {
	cfg, err := load(p, g)
	if err != nil {
		return err
	}
	var failed error
	for _, arg := range c.Items {
		if _, err := event.IDUUID(arg); err == nil {
			failed = errors.Join(failed, program.ExplainID(context.Background(), p, cfg.Bus.Journal, arg, c.JSON))
			continue
		}
		failed = errors.Join(failed, c.file(p, cfg, arg))
	}
	return failed
}

func (c explainCmd) file(p *program.Env, cfg Config, path string) error {
	in, received := p.Stdin, time.Now()
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return fmt.Errorf("explaining: %w", err)
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			return fmt.Errorf("explaining: %w", err)
		}
		in, received = f, info.ModTime()
	}
	text, err := io.ReadAll(io.LimitReader(in, maxReply))
	if err != nil {
		return fmt.Errorf("explaining: %w", err)
	}
	items, skip := c.items(text)
	if skip != "" {
		return program.Explanation{Origin: path, Events: []program.ExplainedEvent{}, Skip: skip}.Print(p.Stdout, c.JSON)
	}
	for n, i := range items {
		x, err := program.Explain(translators(), translate.Item[any]{Origin: fmt.Sprintf("%s:%d", path, n+1), Value: i, Received: received}, cfg.Bus)
		if err != nil {
			return err
		}
		if err := x.Print(p.Stdout, c.JSON); err != nil {
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
			items = append(items, requeued(raw))
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
