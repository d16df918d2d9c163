package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"busbar/common/journal"
	"busbar/common/node"
	"busbar/common/program"
	"busbar/common/show"
	"busbar/dbpoll/queue"
)

type statusCmd struct {
	JSON bool `help:"Print JSON."`
}

// A status is the shared one and what the sources reported.
type status struct {
	program.Status
	Sources map[string]sourceStatus `json:"sources"`
}

type sourceStatus struct {
	report
	Position map[string]string `json:"position,omitempty"` // how far the build queue was read
}

// Run prints what the journal knows.
func (c statusCmd) Run(p *program.Env, g *program.Globals) error {
	cfg, err := load(p, g)
	if err != nil {
		return err
	}
	waiting := map[string]int{}
	names, unread := node.Waiting(node.RetryDir(cfg.Bus.Journal))
	if unread == nil { // what can be said is, whatever else is wrong
		waiting["retry queue"] = len(names)
	}
	ctx := context.Background()
	shared, err := program.ReadStatus(ctx, p.Name, cfg.Bus, cfg.Sign, waiting)
	if err != nil {
		return err
	}
	s := status{shared, map[string]sourceStatus{}}
	if err := s.read(ctx, cfg); err != nil {
		return err
	}
	if c.JSON {
		enc := json.NewEncoder(p.Stdout)
		enc.SetEscapeHTML(false)
		return errors.Join(enc.Encode(s), unread)
	}
	if err := s.Status.Print(p.Stdout, false); err != nil {
		return err
	}
	return errors.Join(s.print(p.Stdout, cfg), unread)
}

func (s status) read(ctx context.Context, cfg Config) error {
	r, err := journal.OpenReader(ctx, cfg.Bus.Journal)
	if err != nil {
		return err
	}
	defer r.Close()
	for _, name := range cfg.sourceNames() {
		var one sourceStatus
		if one.report, err = keptReport(ctx, r, name); err != nil && !errors.Is(err, journal.ErrNotFound) {
			return err
		}
		if name == presetWannaBuild {
			if one.Position, err = queue.ReadPosition(ctx, r, name); err != nil && !errors.Is(err, journal.ErrNotFound) {
				return err
			}
		}
		s.Sources[name] = one
	}
	return nil
}

func (s status) print(w io.Writer, cfg Config) error {
	for _, name := range cfg.sourceNames() {
		one := s.Sources[name]
		if one.Last.IsZero() {
			show.Fprintf(w, "source     %s: not polled yet\n", name)
		} else {
			show.Fprintf(w, "source     %s: %d rows, polled %s in %.2f s\n", name, one.Rows, one.Last.UTC().Format(time.RFC3339), one.Seconds)
		}
		if one.Level != "" {
			show.Fprintf(w, "  may read %s: %s\n", one.Level, strings.Join(one.Meaning, " "))
		}
		for _, what := range slices.Sorted(maps.Keys(one.Position)) {
			show.Fprintf(w, "  %-18s %s\n", what, one.Position[what])
		}
		if one.Error != "" {
			show.Fprintf(w, "  ERROR    %s\n", one.Error)
		}
	}
	return nil
}
