package queue

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"busbar/adapters/wannabuild"
	"busbar/dbpoll/compare"
	"busbar/dbpoll/database"
)

// Names under which the journal keeps what was seen beside the rows.
const historySource = "wanna-build history"

// A marks is what the server's counters said before the last full reading.
type marks struct {
	log, state, history string
	compared            time.Time
	moved               time.Time // when one of the counters was last seen to have moved
}

// lag is what the server's counters may be behind. As long as they moved within
// it, everything is read at each round: the news would only come late.
const lag = 90 * time.Second

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

// markers asks the server's counters, in a transaction of their own and before
// anything is read: what they have not counted by then is counted later.
func (q *Queue) markers(ctx context.Context) (m marks, err error) {
	if len(q.parts) == 0 {
		return m, nil
	}
	p := q.parts[0] // all parts stand on the same tables
	err = q.snapshot(ctx, func(s *database.Snapshot) error {
		for table, dest := range map[string]*string{p.packages.Name: &m.state, p.log: &m.log, p.history: &m.history} {
			if table == "" {
				continue
			}
			text, ok, err := s.Marker(ctx, database.Table{Name: table})
			if err != nil {
				return err
			}
			if ok {
				*dest = text
			}
		}
		return nil
	})
	return m, err
}

// unchanged tells whether a counter shows that nothing was written.
func (q *Queue) unchanged(before, now string) bool {
	return now != "" && now == before && q.o.Now().Sub(q.mark.moved) > lag
}

// watchCounters notes when the counters move.
func (q *Queue) watchCounters(m marks) {
	for _, c := range [][2]string{{q.mark.log, m.log}, {q.mark.state, m.state}, {q.mark.history, m.history}} {
		if c[0] != c[1] {
			q.mark.moved = q.o.Now()
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
		for _, arch := range q.place.Known {
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
	q.left = false
	m, err := q.markers(ctx)
	if err != nil {
		return err
	}
	q.watchCounters(m)
	return q.snapshot(ctx, func(s *database.Snapshot) error {
		if q.parts == nil || q.o.Now().Sub(q.mark.compared) >= q.o.Full {
			if err := q.prepare(ctx, s); err != nil {
				return err
			}
		}
		if err := q.recognize(ctx, s); err != nil {
			return err
		}
		if !q.place.Baseline {
			return q.baseline(ctx, s)
		}
		if q.place.Again != nil {
			if err := q.readAgain(ctx, s); err != nil || q.left {
				return err
			}
		}
		if q.unchanged(q.mark.log, m.log) && q.o.Now().Sub(q.wholeRead()) < q.o.FullLog {
			return nil
		}
		list, finish, err := q.entries(ctx, s)
		if err != nil {
			return err
		}
		told, err := q.tellLog(ctx, s, list, "")
		if err != nil {
			return err
		}
		if q.left = finish == nil || len(told) < len(list); !q.left {
			finish()
			q.mark.log = m.log
		}
		return nil
	})
}

// wholeRead is when the whole log was read last.
func (q *Queue) wholeRead() time.Time {
	switch {
	case q.fence != nil:
		return q.fence.read
	case q.recent != nil:
		return q.recent.read
	}
	return time.Time{}
}

// entries reads what of the log was not told. finish, nil where there is more,
// moves the position behind it; the position is stored with the last of them.
func (q *Queue) entries(ctx context.Context, s *database.Snapshot) (list []entry, finish func(), err error) {
	at := q.o.Now()
	switch q.access.Level {
	case Base:
		if q.fence == nil {
			q.fence = &tail{fence: q.place.Fence, whole: q.place.Whole, small: smallLog, told: map[[2]uint64]bool{}}
		}
		t := q.fence
		n, err := t.ask(ctx, s, "public.transactions")
		if err != nil {
			return nil, nil, err
		}
		block, fence := t.from(n, q.o.FullLog, at)
		list, more, err := t.entries(ctx, s, "public.transactions", n, block, fence, q.place.Newest, q.o.Most)
		if err != nil || more {
			return list, nil, err
		}
		return list, func() {
			t.advance(n, block == 0, at)
			q.place.Fence, q.place.Whole = t.fence, t.whole
		}, nil
	case ViewsLog:
		if q.recent == nil {
			q.recent = &window{told: map[string]string{}}
		}
		w := q.recent
		since, whole := w.since(q.place, q.o.Overlap, q.o.FullLog, at)
		list, more, err := w.entries(ctx, s, q.o.DB.Dialect(), q.parts, since, q.o.Most)
		if err != nil || more {
			return list, nil, err
		}
		return list, func() {
			if whole {
				w.advance(since, at)
			}
		}, nil
	}
	return nil, func() {}, nil
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
		if byArch[value(e.row, "architecture")] != nil { // others are not wanted
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
		q.place.Newest = max(q.place.Newest, min(at, value(e.row, "time")))
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
		arch := value(e.row, "architecture")
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

// readState is the second half of a round.
func (q *Queue) readState(ctx context.Context) error {
	if !q.place.Baseline || q.left { // first the whole log
		return nil
	}
	m, err := q.markers(ctx)
	if err != nil {
		return err
	}
	q.watchCounters(m)
	at := q.o.Now()
	due := at.Sub(q.mark.compared) >= q.o.Full
	if !due && q.unchanged(q.mark.state, m.state) && (m.history == "" || q.unchanged(q.mark.history, m.history)) && len(q.held) == 0 {
		q.mu.Lock()
		q.stats.Skipped++
		q.mu.Unlock()
		return nil
	}
	whole := true
	err = q.snapshot(ctx, func(s *database.Snapshot) error {
		if due || !q.unchanged(q.mark.state, m.state) || len(q.held) > 0 {
			var err error
			if whole, err = q.difference(ctx, s); err != nil {
				return err
			}
		}
		return q.builds(ctx, s)
	})
	if err != nil {
		return err
	}
	if whole {
		q.mark.state, q.mark.history = m.state, m.history
		if due {
			q.mark.compared, q.place.Replaced, q.place.Turned = at, false, false
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
			whole, q.left = false, true
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
		whole, q.left = whole && !found.More, q.left || found.More
		odd = cmp.Or(odd, found.Trouble)
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
	return c.Before == nil || c.After == nil || value(c.Before, "state") != value(c.After, "state") ||
		value(c.Before, "state_change") != value(c.After, "state_change")
}

// transitionName names a transition.
func transitionName(c compare.Change) string {
	row := c.After
	if row == nil {
		row = c.Before // a deletion is that of a state
	}
	return strings.Join(append(slices.Clone(c.Key), fmt.Sprint(c.After == nil), value(row, "state"), value(row, "state_change")), "\x00")
}

// tell makes a difference ready.
func (q *Queue) tell(p *part, c compare.Change) {
	arch := p.arch
	full := func(row database.Columns) database.Columns {
		if row == nil {
			return nil
		}
		row = maps.Clone(row)
		row["architecture"] = &arch
		return row
	}
	if q.place.Replaced && c.Before == nil && c.Revision > 0 {
		// It was told to be gone, and its state is known: that it is there
		// again is what must be told.
		gone := "deleted"
		c.Before = database.Columns{"state": &gone}
	}
	q.add(wannabuild.Change{Before: full(c.Before), After: full(c.After), Revision: c.Revision, Recovered: q.recovering()},
		func() { p.state.Told(c) }, c.Seen)
}

// recovering tells whether what is found now happened before this run: until
// the first comparison is complete.
func (q *Queue) recovering() bool { return q.mark.compared.IsZero() }
