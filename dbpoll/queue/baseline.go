package queue

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"busbar/adapters/wannabuild"
	"busbar/common/event"
	"busbar/common/journal"
	"busbar/dbpoll/database"
)

// again is what is read once more of a replaced database's log, by its times.
type again struct {
	Since string `json:"since"` // moves on until nothing is left
	Until string `json:"until"` // rows of this time or an earlier one may be told already
	Below uint64 `json:"below"` // rows of this transaction and later ones are read as ever
}

// readAgain reads as much of it as a round takes.
func (q *Queue) readAgain(ctx context.Context, s *database.Snapshot) error {
	a := *q.place.Again
	n, err := (&tail{}).ask(ctx, s, "public.transactions")
	if err != nil {
		return err
	}
	if q.again == nil {
		q.again = &window{told: map[string]string{}}
	}
	w := q.again
	w.where = fmt.Sprintf("%s < %d", n.wide("xmin"), a.Below)
	list, more, err := w.entries(ctx, s, q.o.DB.Dialect(), q.parts, a.Since, q.o.Most)
	if err != nil {
		return err
	}
	told, err := q.tellLog(ctx, s, list, a.Until)
	if err != nil {
		return err
	}
	if !more && len(told) == len(list) {
		q.again, q.place.Again = nil, nil
		return nil
	}
	for _, e := range told {
		w.told[e.key] = value(e.row, "time")
		a.Since = value(e.row, "time")
	}
	w.advance(a.Since, q.o.Now())
	q.place.Again, q.left = &a, true
	return nil
}

// baseline takes note of everything and tells nothing: what was there before
// the first poll is no news. (Import tells it.)
func (q *Queue) baseline(ctx context.Context, s *database.Snapshot) error {
	q.log.Info("first poll: the present state is noted, and only what changes from now on is told")
	began, err := q.clock(ctx, s)
	if err != nil {
		return err
	}
	if q.access.Level == Base {
		n, err := (&tail{}).ask(ctx, s, "public.transactions")
		if err != nil {
			return err
		}
		q.place.Fence, q.place.Whole = n.xmin, n.xmin
	}
	for _, p := range q.parts {
		if err := q.note(ctx, s, p); err != nil {
			return err
		}
	}
	q.place.Known = q.access.all
	if err := q.noteBuilds(ctx, s, began); err != nil {
		return err
	}
	q.place.Began, q.place.Newest, q.place.History, q.place.Baseline = began, began, began, true
	return q.noteLog(ctx, s)
}

// noteLog passes over what the log holds at the baseline.
func (q *Queue) noteLog(ctx context.Context, s *database.Snapshot) error {
	list, finish, err := q.entries(ctx, s)
	for err == nil && finish == nil { // more than a round takes
		for _, e := range list {
			q.toldEntry(e)
		}
		list, finish, err = q.entries(ctx, s)
	}
	if err != nil {
		return err
	}
	for _, e := range list {
		q.toldEntry(e)
	}
	finish()
	return q.save(ctx, true)
}

// note stores a part's present state without telling it.
func (q *Queue) note(ctx context.Context, s *database.Snapshot, p *part) error {
	return p.state.Baseline(ctx, s, func(seen []event.State) error {
		_, err := q.o.Journal.Append(ctx, journal.Record{Origin: "wanna-build baseline", States: seen})
		return err
	})
}

// firstSight begins with an architecture that was not polled before. One that
// the account did not see is new, and all its packages are news.
func (q *Queue) firstSight(ctx context.Context, s *database.Snapshot, p *part) error {
	if slices.Contains(q.place.Known, p.arch) {
		q.log.Info("an architecture is polled for the first time: its present state is noted, and only what changes from now on is told", "architecture", p.arch)
		return q.note(ctx, s, p)
	}
	q.log.Info("a new architecture", "architecture", p.arch)
	q.place.Known = append(slices.Clone(q.place.Known), p.arch)
	return p.state.Begin(func(seen []event.State) error {
		_, err := q.o.Journal.Append(ctx, journal.Record{
			Origin: "wanna-build baseline", States: seen, Source: q.o.Source, Position: q.place.encode(),
		})
		return err
	})
}

// A share is the keys of some rows of a part.
type share struct {
	part *part
	keys [][]string
}

// everything makes the present state ready as changes, for import: first all
// keys are read, then the rows in shares, each in a snapshot of its own.
func (q *Queue) everything(ctx context.Context) error {
	if q.count > 0 && len(q.imports) == 0 {
		return io.EOF
	}
	return q.snapshot(ctx, func(s *database.Snapshot) error {
		if q.count == 0 {
			if err := q.prepare(ctx, s); err != nil {
				return err
			}
			for _, p := range q.parts {
				if err := q.share(ctx, s, p); err != nil {
					return err
				}
			}
			q.count++
			return nil
		}
		next := q.imports[0]
		got, room := map[string]bool{}, shareBytes
		_, err := s.Find(ctx, next.part.packages, next.keys, func(r database.Row) error { // what is gone by now is no news
			for _, text := range r.Columns {
				if text != nil {
					room -= len(*text)
				}
			}
			r.Columns["architecture"] = &next.part.arch
			q.add(wannabuild.Change{After: r.Columns, Recovered: true}, nil)
			if got[strings.Join(r.Key, "\x00")] = true; room < 0 {
				return database.ErrEnough
			}
			return nil
		})
		switch {
		case errors.Is(err, database.ErrEnough):
			q.imports[0].keys = slices.DeleteFunc(next.keys, func(key []string) bool { return got[strings.Join(key, "\x00")] })
		case err == nil:
			q.imports = q.imports[1:]
		default:
			return fmt.Errorf("importing %s: %w", next.part.arch, err)
		}
		return nil
	})
}

func (q *Queue) share(ctx context.Context, s *database.Snapshot, p *part) error {
	const most = 5000
	return s.Digests(ctx, p.packages, nil, func(raw [][]byte, _ database.Digest) error {
		if n := len(q.imports); n == 0 || q.imports[n-1].part != p || len(q.imports[n-1].keys) == most {
			q.imports = append(q.imports, share{part: p})
		}
		last := &q.imports[len(q.imports)-1]
		key := make([]string, len(raw))
		for i, k := range raw {
			key[i] = string(k)
		}
		last.keys = append(last.keys, key)
		return nil
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
