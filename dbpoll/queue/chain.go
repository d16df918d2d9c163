package queue

import (
	"context"
	"maps"
	"slices"
	"strings"

	"busbar/adapters/wannabuild"
	"busbar/common/dbrow"
	"busbar/dbpoll/database"
)

// chains follow each package through its rows of the log.
type chains struct {
	q      *Queue
	byArch map[string]*part
	of     map[string]*chain
	queue  []*chain // in the order of the log
	old    string   // time until which the log of a replaced database may be known
}

// A chain is one package's rows of the log, and what is known of it.
type chain struct {
	name    string
	part    *part
	key     []string
	newest  *entry // the row that led to the present one
	arrived bool   // newest was published
	tracked dbrow.Columns
	mark    string        // of the last row of the log that was published
	now     *database.Row // nil: the row is not there
}

func chainName(row dbrow.Columns) string {
	return strings.Join([]string{row.Text("architecture"), row.Text("distribution"), row.Text("package")}, "\x00")
}

func (c *chains) add(e entry) {
	name := chainName(e.row)
	if c.of[name] == nil {
		c.of[name] = &chain{
			name: name,
			part: c.byArch[e.row.Text("architecture")],
			key:  []string{e.row.Text("distribution"), e.row.Text("package")},
		}
		c.queue = append(c.queue, c.of[name])
	}
}

// shareBytes bounds the texts of the packages that one round looks at, shareRows
// how many are looked at at once. (Variables for their test.)
var (
	shareBytes = 32 << 20
	shareRows  = 50
)

// look reads what was published of the packages, and their rows as they are now. It
// gives the rows of the log that it took: the first, where texts are huge.
func (c *chains) look(ctx context.Context, s *database.Snapshot, list []entry) ([]entry, error) {
	room := shareBytes
	for len(c.queue) > 0 && room >= 0 {
		some := c.queue[:min(shareRows, len(c.queue))]
		c.queue = c.queue[len(some):]
		size, err := c.lookAt(ctx, s, some)
		if err != nil {
			return nil, err
		}
		room -= size
	}
	for _, ch := range c.queue {
		delete(c.of, ch.name)
	}
	if len(c.queue) == 0 {
		return list, nil
	}
	return list[:slices.IndexFunc(list, func(e entry) bool { return chainName(e.row) == c.queue[0].name })], nil
}

// lookAt looks at some packages, and gives the size of their texts.
func (c *chains) lookAt(ctx context.Context, s *database.Snapshot, some []*chain) (size int, err error) {
	keys := map[*part][][]string{}
	for _, ch := range some {
		if ch.tracked, ch.mark, err = ch.part.state.Before(ctx, ch.key); err != nil {
			return 0, err
		}
		if ch.tracked != nil {
			ch.tracked["architecture"] = &ch.part.arch
		}
		keys[ch.part] = append(keys[ch.part], ch.key)
	}
	for p, list := range keys {
		err := s.Rows(ctx, p.state.Table(), list, func(r database.Row) error {
			r.Columns["architecture"] = &p.arch
			if ch := c.of[chainName(r.Columns)]; ch != nil {
				ch.now = &r
			}
			size += r.Columns.Size()
			return nil
		})
		if err != nil {
			return 0, err
		}
	}
	return size, nil
}

// order is the order of the log, except that no row of another state follows
// the one that led to the present row: two writers may commit in another order
// than they began.
func (c *chains) order(list []entry) []entry {
	list = slices.DeleteFunc(slices.Clone(list), func(e entry) bool { return c.of[chainName(e.row)] == nil })
	for i := range list {
		e := &list[i]
		ch := c.of[chainName(e.row)]
		if ch.now != nil && ch.now.Columns.Text("state") == e.row.Text("state") &&
			ch.now.Columns.Text("state_change") == e.row.Text("time") {
			ch.newest = e
		}
	}
	last := map[*chain]int{} // the last row of another state
	for i := range list {
		ch := c.of[chainName(list[i].row)]
		if ch.newest != nil && (ch.newest == &list[i] || list[i].row.Text("state") != ch.newest.row.Text("state")) {
			last[ch] = i
		}
	}
	ordered := make([]entry, 0, len(list))
	for i := range list {
		ch := c.of[chainName(list[i].row)]
		if ch.newest != &list[i] {
			ordered = append(ordered, list[i])
		}
		if ch.newest != nil && last[ch] == i {
			ordered = append(ordered, *ch.newest)
		}
	}
	return ordered
}

// tell makes the change ready that a row of the log is.
func (c *chains) tell(e entry) {
	ch := c.of[chainName(e.row)]
	at := e.mark(c.q.at.Generation)
	if c.q.starting() && reached(ch.mark, at) {
		// It was published before this run: it is news to nobody, and what is
		// tracked comes after it.
		c.q.add(wannabuild.Change{Log: e.row, Nth: e.nth, Recovered: true}, func() { c.q.published(e) })
		return
	}
	newest := ch.newest != nil && ch.newest.xid == e.xid && ch.newest.tid == e.tid && ch.newest.key == e.key
	old := e.row.Text("time") <= c.old
	change := wannabuild.Change{Log: e.row, Nth: e.nth, Newest: newest, Before: ch.tracked, Follows: !old && ch.follows(e), Recovered: c.q.early(e)}
	if ch.now != nil {
		change.After = ch.now.Columns
	}
	before := ch.tracked
	var now *database.Row // to be compared
	switch ch.arrived = ch.arrived || newest; {
	case newest, ch.arrived && e.row.Text("state") == ch.now.Columns.Text("state"):
		ch.tracked, now = ch.now.Columns, ch.now
	case change.Follows:
		ch.tracked = wannabuild.Advance(turned(before, e), e.row, c.q.o.Zone)
	default:
		ch.tracked = wannabuild.Advance(before, e.row, c.q.o.Zone)
	}
	if old { // what is known of the row is left to comparing
		c.q.add(change, func() { c.q.published(e) })
		return
	}
	ch.mark = max(ch.mark, at)
	recorded := ch.part.state.Note(ch.key, before, ch.tracked, now, ch.mark)
	change.Revision = recorded.Revision
	c.q.add(change, func() {
		ch.part.state.Published(recorded)
		c.q.published(e)
	}, recorded.Seen)
}

// follows tells whether a row of the log that was not published yet comes after what
// is tracked. Of rows without transaction ids nobody knows if what is tracked
// was found by comparing: that may have seen them already.
func (ch *chain) follows(e entry) bool {
	change := ch.tracked.Text("state_change")
	return e.xid != 0 || e.row.Text("time") > change || markTime(ch.mark) == change
}

// turned is what was tracked, so that a row of the log that comes later is not
// taken for an older one: two writers that wait for one lock may get it in
// another order than they began, and their times run backwards.
func turned(tracked dbrow.Columns, e entry) dbrow.Columns {
	at := e.row["time"]
	if tracked == nil || at == nil || tracked.Text("state_change") <= *at {
		return tracked
	}
	tracked = maps.Clone(tracked)
	tracked["state_change"] = at
	return tracked
}

// early tells whether a row of the log was written before this run.
func (q *Queue) early(e entry) bool {
	t, ok := wannabuild.ParseTime(e.row.Text("time"), q.o.Zone)
	return ok && t.Before(q.start)
}

// starting tells whether this is the first round since the position was read:
// what of the log was published before is known from the journal alone.
func (q *Queue) starting() bool { return q.readWhole().IsZero() }
