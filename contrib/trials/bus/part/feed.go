package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"busbar/common/event"
	"busbar/common/journal"
	"busbar/common/node"
)

// A note is what a feeder says.
type note struct {
	Number int64 `json:"number"`
	Nanos  int64 `json:"nanos"` // when it was said, since 1970
}

var noted = event.Define("trial.note.create", "somebody wrote a note", func(n note) string { return fmt.Sprintf("note %d", n.Number) }, nil)

// feed says notes until there are as many as the source wants; it reads that file
// again and again. How many it said stands in a file beside it, which is written after
// the journal: after a kill some are said again, and the journal drops them. So the
// journal can be put back without the source, or with it.
func feed(ctx context.Context, o options) error {
	n, err := node.New(ctx, "part", o.shared.Bus, o.shared.Sign, o.log)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()
	err = say(ctx, n, o)
	stop()
	return errors.Join(err, <-ended, n.Close())
}

func say(ctx context.Context, n *node.Node, o options) error {
	name := o.shared.Bus.Name
	beside := o.source + ".said"
	said, err := number(beside)
	if err != nil {
		return err
	}
	const step = 50 * time.Millisecond
	due := 0.0
	for tick := time.NewTicker(step); ; {
		select {
		case <-ctx.Done():
			tick.Stop()
			return nil
		case <-tick.C:
		}
		wanted, err := number(o.source)
		if err != nil {
			return err
		}
		due = max(min(due+o.rate*step.Seconds(), float64(wanted-said)), 0)
		r := journal.Record{Origin: "the trial"}
		for ; due >= 1; due-- {
			said++
			r.Events = append(r.Events, event.Event{Kind: noted, Key: fmt.Sprintf("%s/%d", name, said), Body: note{said, time.Now().UnixNano()}})
		}
		if len(r.Events) == 0 {
			continue
		}
		if _, err := n.Journal.Append(ctx, r); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		if err := write(beside, said); err != nil {
			return err
		}
	}
}

// number reads a file with a number; none is 0.
func number(path string) (int64, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
}

// write writes a number, whole or not at all.
func write(path string, n int64) error {
	if err := os.WriteFile(path+".tmp", fmt.Appendln(nil, n), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".tmp", path)
}
