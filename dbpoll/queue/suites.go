package queue

import (
	"context"
	"maps"
	"slices"

	"busbar/common/journal"
	"busbar/dbpoll/compare"
	"busbar/dbpoll/database"
)

// Where the account may read more or less than before, whole suites come into
// sight or go out of it (the views show public ones only). Nothing happened to
// their packages: what is seen of them is noted, and not told.

// quiet takes the changes out that are such.
func (q *Queue) quiet(ctx context.Context, s *database.Snapshot, p *part, changes []compare.Change) ([]compare.Change, error) {
	if !q.place.Turned || len(changes) == 0 {
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
		err := s.Each(ctx, "SELECT distribution FROM "+quoted(p.packages.Name)+where(p.packages)+" GROUP BY 1", nil, []string{"distribution"}, idColumns, func(c database.Columns) error {
			p.shown[value(c, "distribution")] = true
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	var seen []journal.Seen
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
	q.log.Warn("the account sees other suites than before: their packages are noted, and not told", "architecture", p.arch,
		"suites", slices.Sorted(maps.Keys(suites)), "packages", len(still))
	if _, err := q.o.Journal.Append(ctx, journal.Record{Origin: "wanna-build other suites", Seen: seen}); err != nil {
		return nil, err
	}
	for _, c := range still {
		p.state.Told(c)
	}
	return loud, nil
}

func where(t database.Table) string {
	if t.Where == "" {
		return ""
	}
	return " WHERE " + t.Where
}
