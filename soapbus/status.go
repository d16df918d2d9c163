package main

import (
	"context"
	"io"
	"time"

	"busbar/common/journal"
	"busbar/common/program"
	"busbar/common/show"
)

// Status is what the sweep reported.
func (c *Config) Status(ctx context.Context, p *program.Env, r *journal.Reader) (program.Section, error) {
	var kept report
	err := program.KeptReport(ctx, r, p.Name, source, &kept)
	return program.Section{Name: "tracker", Value: kept, Print: func(w io.Writer, _ bool) error { return kept.print(w, c) }}, err
}

func (r report) print(w io.Writer, c *Config) error {
	if r.Watches == "" {
		_, err := show.Fprintln(w, "tracker    not asked yet")
		return err
	}
	show.Fprintf(w, "tracker    %s: %s; %d bugs known\n", c.SOAP.URL, r.Watches, r.Known)
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
	return nil
}
