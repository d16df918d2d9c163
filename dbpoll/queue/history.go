package queue

import (
	"context"
	"maps"
	"strings"
	"time"

	"busbar/adapters/wannabuild"
	"busbar/common/event"
	"busbar/common/journal"
	"busbar/dbpoll/database"
)

// builds makes the changes that new rows of the build history are. Rows come
// late (a log's mail may take hours): the last day is read again, less what was
// told. A build daemon's clock may be wrong: what bears a time to come does not
// hide what bears a right one.
func (q *Queue) builds(ctx context.Context, s *database.Snapshot) error {
	clock, err := q.clock(ctx, s)
	if err != nil {
		return err
	}
	q.place.History = min(q.place.History, clock) // the server's may have been wrong
	since := q.place.History
	if t, err := time.Parse(timeForm, since); err == nil {
		since = t.Add(-q.o.Overlap).Format(timeForm)
	}
	q.forgetBuilds(since)
	room := q.o.Most - q.Ready()
	return q.eachBuild(ctx, s, since, func(row database.Columns, key string) error {
		q.telling.Lock()
		known := q.history[key]
		q.telling.Unlock()
		if known || room <= 0 {
			return nil
		}
		room--
		at := value(row, "timestamp")
		q.add(wannabuild.Change{Build: row, Recovered: q.recovering()}, func() {
			q.telling.Lock()
			defer q.telling.Unlock()
			q.history[key] = true
		})
		q.place.History = max(q.place.History, min(at, clock))
		return nil
	})
}

// forgetBuilds forgets those that are not read again.
func (q *Queue) forgetBuilds(since string) {
	q.telling.Lock()
	defer q.telling.Unlock()
	maps.DeleteFunc(q.history, func(key string, _ bool) bool { return key[strings.LastIndexByte(key, 0)+1:] < since })
}

// noteBuilds passes over the builds of before the baseline that later rounds
// will read again.
func (q *Queue) noteBuilds(ctx context.Context, s *database.Snapshot, began string) error {
	since := began
	if t, err := time.Parse(timeForm, began); err == nil {
		since = t.Add(-q.o.Overlap).Format(timeForm)
	}
	var seen []event.State
	err := q.eachBuild(ctx, s, since, func(_ database.Columns, key string) error {
		q.history[key] = true
		seen = append(seen, event.State{Source: historySource, Key: key, Value: []byte{1}})
		return nil
	})
	if err != nil || len(seen) == 0 {
		return err
	}
	_, err = q.o.Journal.Append(ctx, journal.Record{Origin: "wanna-build baseline", States: seen})
	return err
}

func (q *Queue) eachBuild(ctx context.Context, s *database.Snapshot, since string, visit func(row database.Columns, key string) error) error {
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
		dialect := q.o.DB.Dialect()
		from := p.history
		if isPostgres(dialect) {
			from = quoted(from)
		}
		text := "SELECT * FROM " + from + " WHERE timestamp >= " + place(dialect) + " ORDER BY timestamp"
		err := s.Query(ctx, text, []any{since}, func(row database.Columns) error {
			if _, ok := row["architecture"]; !ok {
				row["architecture"] = &p.arch
			}
			if !wanted[value(row, "architecture")] {
				return nil
			}
			key := strings.Join([]string{value(row, "architecture"), value(row, "distribution"), value(row, "package"), value(row, "version"), value(row, "timestamp")}, "\x00")
			return visit(row, key)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
