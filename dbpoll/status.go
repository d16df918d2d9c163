package main

import (
	"context"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"busbar/common/journal"
	"busbar/common/program"
	"busbar/common/show"
	"busbar/dbpoll/queue"
)

type sourceStatus struct {
	report
	Position map[string]string `json:"position,omitempty"` // how far the build queue was read
}

// Status is what the sources reported.
func (c *Config) Status(ctx context.Context, p *program.Env, r *journal.Reader) (program.Section, error) {
	all := map[string]sourceStatus{}
	for _, what := range c.polled() {
		var one sourceStatus
		if err := program.KeptReport(ctx, r, p.Name, what.name, &one.report); err != nil {
			return program.Section{}, err
		}
		if what.table == nil {
			var err error
			if one.Position, err = queue.ReadPosition(ctx, r, what.name); err != nil && !errors.Is(err, journal.ErrNotFound) {
				return program.Section{}, err
			}
		}
		all[what.name] = one
	}
	return program.Section{Name: "sources", Value: all, Print: func(w io.Writer, _ bool) error {
		for _, what := range c.polled() {
			all[what.name].print(w, what.name)
		}
		return nil
	}}, nil
}

func (one sourceStatus) print(w io.Writer, name string) {
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
