package queue

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"busbar/adapters/wannabuild"
	"busbar/common/dbrow"
	"busbar/common/event"
	"busbar/common/journal"
	"busbar/dbpoll/compare"
	"busbar/dbpoll/database"
)

// Where the account may read more or less than before, whole suites come into
// sight or go out of it (the views show public ones only). Nothing happened to
// their packages: what is seen of them is recorded, and not published.

// quiet takes the changes out that are such.
func (q *Queue) quiet(ctx context.Context, s *database.Snapshot, p *part, changes []compare.Change) ([]compare.Change, error) {
	if !q.at.Turned || len(changes) == 0 {
		return changes, nil
	}
	if p.known == nil {
		known, err := p.state.Firsts(ctx)
		if err != nil {
			return nil, err
		}
		p.known = known
	}
	if p.shown == nil {
		p.shown = map[string]bool{}
		err := s.Each(ctx, "SELECT distribution FROM "+quoted(p.packages.Name)+where(p.packages)+" GROUP BY 1", nil, []string{"distribution"}, idColumns, func(c dbrow.Columns) error {
			p.shown[c.Text("distribution")] = true
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	var seen []event.State
	suites := map[string]bool{}
	var loud, still []compare.Change
	for _, c := range changes {
		suite := c.Key[0]
		if c.Before == nil && !p.known[suite] || c.After == nil && !p.shown[suite] {
			still, seen, suites[suite] = append(still, c), append(seen, c.Seen), true
			continue
		}
		loud = append(loud, c)
	}
	if len(still) == 0 {
		return changes, nil
	}
	q.log.Warn("the account sees other suites than before: their packages are recorded, and not published", "architecture", p.arch,
		"suites", slices.Sorted(maps.Keys(suites)), "packages", len(still))
	if _, err := q.o.Journal.Append(ctx, journal.Record{Origin: "wanna-build other suites", States: seen}); err != nil {
		return nil, err
	}
	for _, c := range still {
		p.state.Published(c)
	}
	return loud, nil
}

// alike gives, quoted, the suites whose names people could not tell apart.
func alike(ctx context.Context, s *database.Snapshot, parts []*part) ([]string, error) {
	asked := map[string]bool{}
	shown := map[string]map[string]bool{}
	for _, p := range parts {
		if asked[p.packages.Name] {
			continue // it holds all architectures
		}
		asked[p.packages.Name] = true
		text := "SELECT distribution FROM " + quoted(p.packages.Name) + " GROUP BY 1"
		err := s.Each(ctx, text, nil, []string{"distribution"}, idColumns, func(c dbrow.Columns) error {
			suite := c.Text("distribution")
			name := wannabuild.Shown(suite)
			if shown[name] == nil {
				shown[name] = map[string]bool{}
			}
			shown[name][suite] = true
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	var list []string
	for _, name := range slices.Sorted(maps.Keys(shown)) {
		if len(shown[name]) > 1 {
			for _, suite := range slices.Sorted(maps.Keys(shown[name])) {
				list = append(list, fmt.Sprintf("%q", suite))
			}
		}
	}
	return list, nil
}

func where(t database.Table) string {
	if t.Where == "" {
		return ""
	}
	return " WHERE " + t.Where
}
