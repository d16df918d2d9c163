package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"busbar/bus/badges/rule"
)

// A Progress is how far somebody is with a badge.
type Progress struct {
	Badge string `json:"badge"`
	Title string `json:"title"`
	Level int    `json:"level"` // the highest that they have; 0: none
	Next  int    `json:"next"`  // the level behind it; 0: there is none
	// Have of Need: things that count, or for a streak the days or weeks of the run
	// that goes on. At the highest level, Have is as many as that needs.
	Have int `json:"have"`
	Need int `json:"need"`
	// Best is a streak's longest run.
	Best int `json:"best,omitempty"`
	// Missing are a combination's questions that are still to be answered.
	Missing []string `json:"missing,omitempty"`

	Rule rule.Badge `json:"-"`
}

// Progress is how far a person is with each badge, at a time.
func (r *Reader) Progress(ctx context.Context, key string, now time.Time) ([]Progress, error) {
	if _, err := r.Name(ctx, key); err != nil {
		return nil, err
	}
	type row struct {
		id   int64
		text string
		n    int
		top  int
	}
	rows, err := collect(ctx, r.db, func(scan func(...any) error, w *row) error { return scan(&w.id, &w.text, &w.n, &w.top) },
		`SELECT b.id, b.text, coalesce(t.n, 0), coalesce((SELECT max(level) FROM awards a WHERE a.badge = b.id AND a.person = p.id), 0)
		FROM badges b JOIN shown p ON p.key = ? LEFT JOIN tallies t ON t.badge = b.id AND t.person = p.id WHERE b.active ORDER BY b.name`, key)
	if err != nil {
		return nil, fmt.Errorf("reading how far %s is: %w", key, err)
	}
	var list []Progress
	for _, w := range rows {
		var p Progress
		if err := json.Unmarshal([]byte(w.text), &p.Rule); err != nil {
			return nil, fmt.Errorf("reading badges: %w", err)
		}
		b := &p.Rule
		p.Badge, p.Title, p.Level, p.Have = b.Name, b.Title, w.top, w.n
		for _, level := range b.Levels {
			if level > w.top && p.Next == 0 {
				p.Next = level
			}
		}
		p.Need = b.Most()
		if p.Next > 0 {
			p.Need = b.Needs(p.Next)
		}
		if err := r.more(ctx, &p, w.id, key, now); err != nil {
			return nil, fmt.Errorf("reading how far %s is with %s: %w", key, b.Name, err)
		}
		list = append(list, p)
	}
	return list, nil
}

// more is what a streak and a combination tell beside a number.
func (r *Reader) more(ctx context.Context, p *Progress, badge int64, key string, now time.Time) error {
	b := &p.Rule
	switch {
	case b.Kind == rule.Streak:
	case b.Kind == rule.Combination && !b.Chain():
	default:
		return nil
	}
	units, err := texts(ctx, r.db, "SELECT CAST(u.unit AS TEXT) FROM units u JOIN shown p ON p.id = u.person WHERE u.badge = ? AND p.key = ? ORDER BY u.unit", badge, key)
	if err != nil {
		return err
	}
	if b.Kind == rule.Combination {
		done := map[string]bool{}
		for _, u := range units {
			done[u] = true
		}
		for i, part := range b.Parts {
			if !done[strconv.Itoa(i)] {
				p.Missing = append(p.Missing, part.Query)
			}
		}
		return nil
	}
	run, before := 0, int64(0)
	for _, u := range units {
		period, err := strconv.ParseInt(u, 10, 64)
		if err != nil {
			return err
		}
		if run++; period != before+1 {
			run = 1
		}
		before, p.Best = period, max(p.Best, run)
	}
	if p.Have = run; before < rule.Period(b.Unit, now.Unix())-1 {
		p.Have = 0 // neither this day nor the one before: it is broken
	}
	return nil
}

// Say says it in a sentence's part.
func (p Progress) Say() string {
	switch {
	case p.Next == 0 && p.Level > 0 && len(p.Rule.Levels) == 1:
		return "earned"
	case p.Next == 0 && p.Level > 0:
		return fmt.Sprintf("the highest level, %d", p.Level)
	case p.Rule.Kind == rule.Streak:
		return fmt.Sprintf("%d of %d %ss in a row now, %d at best", p.Have, p.Need, p.Rule.Unit, p.Best)
	case len(p.Missing) > 0:
		return fmt.Sprintf("%d of %d, still to do: %s", p.Have, p.Need, strings.Join(p.Missing, "; "))
	}
	return fmt.Sprintf("%d of %d", p.Have, p.Need)
}
