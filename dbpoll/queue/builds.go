package queue

import (
	"context"
	"maps"
	"strings"
	"sync"
	"time"

	"busbar/adapters/wannabuild"
	"busbar/common/dbrow"
	"busbar/common/event"
	"busbar/common/journal"
	"busbar/dbpoll/database"
)

// historySource is the name under which the journal keeps what was seen of the
// build history.
const historySource = "wanna-build history"

// builds are the rows of the build history that are published, as far as they are
// read again.
type builds struct {
	mu        sync.Mutex
	published map[string]bool
}

func (b *builds) has(key string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.published[key]
}

func (b *builds) add(key string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.published[key] = true
}

// forget forgets those before a time, which are not read again.
func (b *builds) forget(since string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	maps.DeleteFunc(b.published, func(key string, _ bool) bool { return key[strings.LastIndexByte(key, 0)+1:] < since })
}

// load reads them from the journal.
func (b *builds) load(ctx context.Context, r *journal.Reader) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.published = map[string]bool{}
	return r.EachState(ctx, historySource, func(key string, _ []byte) error { b.published[key] = true; return nil })
}

// readBuilds makes the changes that new rows of the build history are. Rows come
// late (a log's mail may take hours): the last day is read again, less what was
// published. A build daemon's clock may be wrong: what bears a time to come does not
// hide what bears a right one.
func (q *Queue) readBuilds(ctx context.Context, s *database.Snapshot) error {
	clock, err := q.clock(ctx, s)
	if err != nil {
		return err
	}
	q.at.History = min(q.at.History, clock) // the server's may have been wrong
	since := q.at.History
	if t, err := time.Parse(timeForm, since); err == nil {
		since = t.Add(-q.o.Overlap).Format(timeForm)
	}
	q.builds.forget(since)
	room := q.o.Most - q.Ready()
	return q.eachBuild(ctx, s, since, func(row dbrow.Columns, key string) error {
		if q.builds.has(key) || room <= 0 {
			return nil
		}
		room--
		at := row.Text("timestamp")
		q.add(wannabuild.Change{Build: row, Recovered: q.recovering()}, func() { q.builds.add(key) })
		q.at.History = max(q.at.History, min(at, clock))
		return nil
	})
}

// noteBuilds passes over the builds of before the baseline that later rounds
// will read again.
func (q *Queue) noteBuilds(ctx context.Context, s *database.Snapshot, began string) error {
	since := began
	if t, err := time.Parse(timeForm, began); err == nil {
		since = t.Add(-q.o.Overlap).Format(timeForm)
	}
	var seen []event.State
	err := q.eachBuild(ctx, s, since, func(_ dbrow.Columns, key string) error {
		q.builds.add(key)
		seen = append(seen, event.State{Source: historySource, Key: key, Value: []byte{1}})
		return nil
	})
	if err != nil || len(seen) == 0 {
		return err
	}
	_, err = q.o.Journal.Append(ctx, journal.Record{Origin: "wanna-build baseline", States: seen})
	return err
}

func (q *Queue) eachBuild(ctx context.Context, s *database.Snapshot, since string, visit func(row dbrow.Columns, key string) error) error {
	done := map[string]bool{}
	wanted := map[string]bool{}
	for _, p := range q.parts {
		wanted[p.arch] = true
	}
	for _, p := range q.parts {
		if p.history == "" || done[p.history] {
			continue
		}
		done[p.history] = true
		from := p.history
		if isPostgres(s.Dialect()) {
			from = quoted(from)
		}
		text := "SELECT * FROM " + from + " WHERE timestamp >= " + parameter(s.Dialect()) + " ORDER BY timestamp"
		err := s.Query(ctx, text, []any{since}, func(row dbrow.Columns) error {
			if _, ok := row["architecture"]; !ok {
				row["architecture"] = &p.arch
			}
			if !wanted[row.Text("architecture")] {
				return nil
			}
			key := strings.Join([]string{row.Text("architecture"), row.Text("distribution"), row.Text("package"), row.Text("version"), row.Text("timestamp")}, "\x00")
			return visit(row, key)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
