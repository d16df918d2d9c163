package queue

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"busbar/common/event"
	"busbar/common/journal"
	"busbar/dbpoll/database"
)

// baseline takes note of everything and publishes nothing: what was there before
// the first poll is no news. (Import tells it.)
func (q *Queue) baseline(ctx context.Context, s *database.Snapshot) error {
	q.log.Info("first poll: the present state is recorded as the baseline, and only what changes from now on is published")
	began, err := q.clock(ctx, s)
	if err != nil {
		return err
	}
	if q.access.Level == Base {
		n, err := (&horizonLog{}).ask(ctx, s, "public.transactions")
		if err != nil {
			return err
		}
		q.at.Horizon, q.at.Whole = n.xmin, n.xmin
	}
	for _, p := range q.parts {
		if err := q.note(ctx, s, p); err != nil {
			return err
		}
	}
	q.at.Known = q.access.all
	if err := q.noteBuilds(ctx, s, began); err != nil {
		return err
	}
	q.at.Began, q.at.Newest, q.at.History, q.at.Baseline = began, began, began, true
	return q.noteLog(ctx, s)
}

// noteLog passes over what the log holds at the baseline.
func (q *Queue) noteLog(ctx context.Context, s *database.Snapshot) error {
	list, finish, err := q.next(ctx, s)
	for err == nil && finish == nil { // more than a round takes
		for _, e := range list {
			q.published(e)
		}
		list, finish, err = q.next(ctx, s)
	}
	if err != nil {
		return err
	}
	for _, e := range list {
		q.published(e)
	}
	finish()
	return q.save(ctx, true)
}

// note stores a part's present state without telling it.
func (q *Queue) note(ctx context.Context, s *database.Snapshot, p *part) error {
	recorded := int64(0)
	return p.state.Baseline(ctx, s, func(seen []event.State) error {
		_, err := q.o.Journal.Append(ctx, journal.Record{Origin: "wanna-build baseline", States: seen})
		recorded += int64(len(seen))
		q.mu.Lock()
		defer q.mu.Unlock()
		q.stats.Recorded, q.stats.Whole = recorded, p.state.Whole()
		return err
	})
}

// firstSight begins with an architecture that was not polled before. One that
// the account did not see is new, and all its packages are news.
func (q *Queue) firstSight(ctx context.Context, s *database.Snapshot, p *part) error {
	if slices.Contains(q.at.Known, p.arch) {
		q.log.Info("an architecture is polled for the first time: its present state is recorded as the baseline, and only what changes from now on is published", "architecture", p.arch)
		return q.note(ctx, s, p)
	}
	q.log.Info("a new architecture", "architecture", p.arch)
	q.at.Known = append(slices.Clone(q.at.Known), p.arch)
	return p.state.Begin(func(seen []event.State) error {
		_, err := q.o.Journal.Append(ctx, journal.Record{
			Origin: "wanna-build baseline", States: seen, Source: q.o.Source, Position: q.at.encode(),
		})
		return err
	})
}

func isSQLite(dialect string) bool { return strings.EqualFold(dialect, "sqlite") }

// clock is the server's clock in the form and zone of the log's times.
func (q *Queue) clock(ctx context.Context, s *database.Snapshot) (string, error) {
	text := "SELECT utc_timestamp(6)"
	switch dialect := q.o.DB.Dialect(); {
	case isPostgres(dialect):
		text = "SELECT localtimestamp(6)::text" // in UTC, as our sessions are
	case isSQLite(dialect):
		text = "SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')"
	}
	text, err := s.Value(ctx, text)
	if err != nil {
		return "", err
	}
	at, err := time.Parse(timeForm, text)
	if err != nil {
		return "", fmt.Errorf("reading the server's clock: %w", err)
	}
	return at.In(q.o.Zone).Format(timeForm), nil
}
