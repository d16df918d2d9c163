package queue

import (
	"context"
	"errors"
	"slices"

	"busbar/dbpoll/compare"
	"busbar/dbpoll/database"
)

// snapshot reads in one transaction.
func (q *Queue) snapshot(ctx context.Context, read func(*database.Snapshot) error) (err error) {
	s, err := q.o.DB.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() {
		q.notice(s.Decoded())
		err = errors.Join(err, s.Close())
	}()
	return read(s)
}

// notice says once which columns hold text that is not UTF-8.
func (q *Queue) notice(decoded map[string]int64) {
	for column, n := range decoded {
		if !q.odd[column] {
			q.odd[column] = true
			q.log.Warn("values that are not UTF-8 are read as Windows-1252", "column", column, "values", n)
		}
	}
}

// prepare looks what there is to read, the first time and whenever everything
// is compared.
func (q *Queue) prepare(ctx context.Context, s *database.Snapshot) error {
	a, parts, err := find(ctx, s, q.o.DB.Dialect(), q.o.Architectures)
	if err != nil {
		return err
	}
	if len(parts) == 0 || parts[0].packages.Where != "" {
		// An architecture whose last package is gone is still asked about.
		for _, arch := range q.at.Known {
			if slices.Contains(a.all, arch) || len(q.o.Architectures) > 0 && !slices.Contains(q.o.Architectures, arch) {
				continue
			}
			p := newPart(q.schema(), arch, a)
			if err := watch(ctx, s, []*part{p}); err != nil {
				return err
			}
			parts = append(parts, p)
		}
	}
	known := map[string]*part{}
	for _, p := range q.parts {
		known[p.arch] = p
	}
	for _, p := range parts {
		if k := known[p.arch]; k != nil && k.reads(p) {
			p.state = k.state
			continue
		}
		if p.state, err = compare.Load(ctx, q.o.Journal.Reader(), p.source(), p.packages); err != nil {
			return err
		}
	}
	q.mu.Lock()
	fresh := q.access.Level != a.Level
	q.access = a
	q.mu.Unlock()
	if fresh {
		q.log.Info("what the account may read", "level", a.Level, "architectures", a.Architectures, "meaning", a.Meaning())
	}
	q.parts = parts
	return nil
}

// readLog is the first half of a round.
func (q *Queue) readLog(ctx context.Context) error {
	q.round.left = false
	c, err := q.askCounters(ctx)
	if err != nil {
		return err
	}
	return q.snapshot(ctx, func(s *database.Snapshot) error {
		if q.parts == nil || q.o.Now().Sub(q.compared) >= q.o.Full {
			if err := q.prepare(ctx, s); err != nil {
				return err
			}
		}
		if err := q.recognize(ctx, s); err != nil {
			return err
		}
		if !q.at.Baseline {
			return q.baseline(ctx, s)
		}
		if q.at.Again != nil {
			if err := q.readAgain(ctx, s); err != nil || q.round.left {
				return err
			}
		}
		if q.counters.unchanged(q.counters.read.log, c.log, q.o.Now()) && q.o.Now().Sub(q.readWhole()) < q.o.FullLog {
			return nil
		}
		list, finish, err := q.next(ctx, s)
		if err != nil {
			return err
		}
		taken, err := q.tellLog(ctx, s, list, "")
		if err != nil {
			return err
		}
		if q.round.left = finish == nil || len(taken) < len(list); !q.round.left {
			finish()
			q.counters.read.log = c.log
		}
		return nil
	})
}

// tellLog makes the changes that rows of the log are, with what is known of
// their packages before and now. Rows until old, if set, may be known. It gives
// the rows that it took: all, or the first where the packages' texts are huge.
func (q *Queue) tellLog(ctx context.Context, s *database.Snapshot, list []entry, old string) ([]entry, error) {
	if len(list) == 0 {
		return nil, nil
	}
	byArch, err := q.byArch(ctx, s, list)
	if err != nil {
		return nil, err
	}
	c := chains{q: q, byArch: byArch, of: map[string]*chain{}, old: old}
	for _, e := range list {
		if byArch[e.row.Text("architecture")] != nil { // others are not wanted
			c.add(e)
		}
	}
	if list, err = c.look(ctx, s, list); err != nil {
		return nil, err
	}
	at, err := q.clock(ctx, s) // a wrong time must not hide the right ones
	if err != nil {
		return nil, err
	}
	for _, e := range c.order(list) {
		c.tell(e)
		q.at.Newest = max(q.at.Newest, min(at, e.row.Text("time")))
	}
	return list, nil
}

// byArch finds the part of each row of the log. An architecture may be new, and
// all its packages may be gone again.
func (q *Queue) byArch(ctx context.Context, s *database.Snapshot, list []entry) (map[string]*part, error) {
	known := map[string]*part{}
	for _, p := range q.parts {
		known[p.arch] = p
	}
	looked := false
	for _, e := range list {
		arch := e.row.Text("architecture")
		wanted := len(q.o.Architectures) == 0 || slices.Contains(q.o.Architectures, arch)
		if known[arch] != nil || !wanted || arch == "" {
			continue
		}
		if !looked {
			looked = true
			if err := q.prepare(ctx, s); err != nil {
				return nil, err
			}
			for _, p := range q.parts {
				known[p.arch] = p
			}
		}
		if known[arch] != nil {
			continue
		}
		p := newPart(q.schema(), arch, q.access)
		if err := watch(ctx, s, []*part{p}); err != nil {
			return nil, err
		}
		var err error
		if p.state, err = compare.Load(ctx, q.o.Journal.Reader(), p.source(), p.packages); err != nil {
			return nil, err
		}
		known[arch] = p
	}
	return known, nil
}

// schema is where the tables of all architectures stand.
func (q *Queue) schema() string {
	if isPostgres(q.o.DB.Dialect()) {
		return "public."
	}
	return ""
}
