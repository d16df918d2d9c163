package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"time"

	"busbar/common/journal"
	"busbar/common/node"
	"busbar/common/program"
	"busbar/common/show"
)

type statusCmd struct {
	JSON bool `help:"Print JSON."`
}

// A status is the shared one and what the sweep reported.
type status struct {
	program.Status
	Tracker report `json:"tracker"`
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
	r, err := journal.OpenReader(ctx, cfg.Bus.Journal)
	if err != nil {
		return err
	}
	defer r.Close()
	s := status{Status: shared}
	if s.Tracker, err = keptReport(ctx, r); err != nil && !errors.Is(err, journal.ErrNotFound) {
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
	s.Tracker.print(p.Stdout, cfg)
	return unread
}

func (r report) print(w io.Writer, cfg Config) {
	if r.Watches == "" {
		show.Fprintln(w, "tracker    not asked yet")
		return
	}
	show.Fprintf(w, "tracker    %s: %s; %d bugs known\n", cfg.SOAP.URL, r.Watches, r.Known)
	switch {
	case !r.Based:
		show.Fprintf(w, "  baseline recording what is there: at %d of %d; these are not published\n", r.Cursor, r.High)
	case r.Last.IsZero():
		show.Fprintln(w, "  sweep    no round has ended yet")
	default:
		show.Fprintf(w, "  sweep    at %d of %d; last round ended %s after %.1f s; %d bugs are asked in every round\n",
			r.Cursor, r.High, r.Last.UTC().Format(time.RFC3339), r.Seconds, r.Recent)
	}
	if r.Error != "" {
		show.Fprintf(w, "  ERROR    %s\n", r.Error)
	}
	if r.Doubt != "" {
		show.Fprintf(w, "  DOUBT    %s\n", r.Doubt)
	}
}
