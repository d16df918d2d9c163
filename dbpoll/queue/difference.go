package queue

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"busbar/adapters/wannabuild"
	"busbar/common/dbrow"
	"busbar/dbpoll/compare"
	"busbar/dbpoll/database"
)

// readState is the second half of a round.
func (q *Queue) readState(ctx context.Context) error {
	if !q.at.Baseline || q.round.left { // first the whole log
		return nil
	}
	c, err := q.askCounters(ctx)
	if err != nil {
		return err
	}
	at, read := q.o.Now(), &q.counters.read
	due := at.Sub(q.compared) >= q.o.Full
	same := q.counters.unchanged(read.state, c.state, at)
	if !due && same && (c.history == "" || q.counters.unchanged(read.history, c.history, at)) && len(q.held) == 0 {
		q.mu.Lock()
		q.stats.Skipped++
		q.mu.Unlock()
		return nil
	}
	whole := true
	err = q.snapshot(ctx, func(s *database.Snapshot) error {
		if due || !same || len(q.held) > 0 {
			var err error
			if whole, err = q.difference(ctx, s); err != nil {
				return err
			}
		}
		return q.readBuilds(ctx, s)
	})
	if err != nil {
		return err
	}
	if whole {
		read.state, read.history = c.state, c.history
		if due {
			q.compared, q.at.Replaced, q.at.Turned = at, false, false
		}
	}
	return nil
}

// difference makes the changes that comparing shows; whole says that none is
// left for the next round.
func (q *Queue) difference(ctx context.Context, s *database.Snapshot) (whole bool, err error) {
	whole = true
	held := map[string]bool{}
	logs := q.access.Level == Base || q.access.Level == ViewsLog
	var rows int64
	var odd error
	for _, p := range q.parts {
		most := q.o.Most - q.Ready()
		if most <= 0 {
			whole, q.round.left = false, true
			break
		}
		if p.state.Empty() {
			if err := q.firstSight(ctx, s, p); err != nil {
				return false, err
			}
		}
		found, err := p.state.Compare(ctx, s, most)
		if err != nil {
			return false, err
		}
		whole, q.round.left = whole && !found.More, q.round.left || found.More
		odd = cmp.Or(odd, found.Err)
		changes, err := q.quiet(ctx, s, p, found.Changes)
		if err != nil {
			return false, err
		}
		rows += int64(p.state.Len())
		for _, c := range changes {
			name := p.arch + "\x00" + transitionName(c)
			if logs && transition(c) && !q.held[name] {
				held[name] = true // the log is asked first
				whole = false
				continue
			}
			q.tell(p, c)
		}
	}
	q.held = held
	q.mu.Lock()
	q.stats.Rows, q.stats.Odd = rows, odd
	q.mu.Unlock()
	return whole, nil
}

// transition tells whether the log should have told a change.
func transition(c compare.Change) bool {
	return c.Before == nil || c.After == nil || c.Before.Text("state") != c.After.Text("state") ||
		c.Before.Text("state_change") != c.After.Text("state_change")
}

// transitionName names a transition.
func transitionName(c compare.Change) string {
	row := c.After
	if row == nil {
		row = c.Before // a deletion is that of a state
	}
	return strings.Join(append(slices.Clone(c.Key), fmt.Sprint(c.After == nil), row.Text("state"), row.Text("state_change")), "\x00")
}

// tell makes a difference ready.
func (q *Queue) tell(p *part, c compare.Change) {
	arch := p.arch
	full := func(row dbrow.Columns) dbrow.Columns {
		if row == nil {
			return nil
		}
		row = maps.Clone(row)
		row["architecture"] = &arch
		return row
	}
	if q.at.Replaced && c.Before == nil && c.Revision > 0 {
		// It was published to be gone, and its state is known: that it is there
		// again is what must be published.
		gone := "deleted"
		c.Before = dbrow.Columns{"state": &gone}
	}
	q.add(wannabuild.Change{Before: full(c.Before), After: full(c.After), Revision: c.Revision, Recovered: q.recovering()},
		func() { p.state.Published(c) }, c.Seen)
}

// recovering tells whether what is found now happened before this run: until
// the first comparison is complete.
func (q *Queue) recovering() bool { return q.compared.IsZero() }
