package queue

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"busbar/common/dbrow"
	"busbar/dbpoll/database"
)

// An entry is a row of the log as it was read.
type entry struct {
	row dbrow.Columns
	xid uint64 // of the transaction, widened; 0 where it cannot be read
	tid uint64 // where the row stands: block and line
	nth int    // rows before it with the same package, time and state
	key string // what tells it apart from others

	ordinal int // rows before it with the same package and time
}

const logColumns = "architecture, package, distribution, version, action, prevstate, state, real_user, set_user, time"

// idColumns name a package: of them the bytes are read.
var idColumns = []string{"architecture", "package", "distribution"}

func logNames(columns string) []string { return strings.Split(columns, ", ") }

// A firsts keeps the first rows of a log that may be long: after a pause of
// weeks, what waits there would not fit into memory.
type firsts struct {
	most  int
	order func(a, b entry) int
	list  []entry
}

func (f *firsts) add(e entry) {
	if f.list = append(f.list, e); len(f.list) >= 2*f.most {
		f.list = f.sorted()
	}
}

// sorted gives them in order; equal ones in that of their coming.
func (f *firsts) sorted() []entry {
	slices.SortStableFunc(f.list, f.order)
	n := min(len(f.list), f.most)
	clear(f.list[n:])
	return f.list[:n]
}

// A horizonLog reads a log whose transaction ids can be read, from the horizon
// on.
type horizonLog struct {
	horizon, whole uint64             // as in position
	read           time.Time          // when the whole log was read last
	published      map[[2]uint64]bool // rows at or above the horizon
	looks          []look
	small          uint64 // blocks of a log that is read whole each time
	ends           int64  // how often only the end was read
}

func newHorizonLog(at position) *horizonLog {
	return &horizonLog{horizon: at.Horizon, whole: at.Whole, small: smallLog, published: map[[2]uint64]bool{}}
}

func (t *horizonLog) next(ctx context.Context, s *database.Snapshot, a ask) (list []entry, finish func(), err error) {
	n, err := t.ask(ctx, s, "public.transactions")
	if err != nil {
		return nil, nil, err
	}
	block, horizon := t.from(n, a.every, a.now)
	list, more, err := t.entries(ctx, s, "public.transactions", n, block, horizon, a.at.Newest, a.most)
	if err != nil || more {
		return list, nil, err
	}
	return list, func() {
		t.advance(n, block == 0, a.now)
		a.at.Horizon, a.at.Whole = t.horizon, t.whole
	}, nil
}

func (t *horizonLog) readWhole() time.Time { return t.read }

func (t *horizonLog) isPublished(e entry) { t.published[[2]uint64{e.xid, e.tid}] = true }

// A look is how long the log was when a transaction id had not been given out:
// rows of that transaction and later ones stand behind it, unless the server
// reuses space inside.
type look struct{ xmax, blocks uint64 }

// margin is how many blocks before the end writers may still be filling.
const margin = 256

// longest is how long a transaction may have run, by the time that its rows
// bear. What is older is no late committer: it is a past that was copied in
// again, or ids that came round.
const longest = 7 * 24 * time.Hour

// smallLog is 32 MiB.
const smallLog = 4096

// now is the server's snapshot of running transactions.
type now struct {
	xmin, xmax uint64
	blocks     uint64
}

// ask reads the snapshot. It must be the transaction's own.
func (t *horizonLog) ask(ctx context.Context, s *database.Snapshot, table string) (now, error) {
	var n now
	var err error
	text, err := s.Value(ctx, `SELECT txid_snapshot_xmin(x)::text || ' ' || txid_snapshot_xmax(x)::text || ' ' ||
		pg_relation_size('`+table+`') / current_setting('block_size')::bigint FROM txid_current_snapshot() AS x`)
	if err != nil {
		return n, err
	}
	if _, err = fmt.Sscan(text, &n.xmin, &n.xmax, &n.blocks); err != nil {
		return n, fmt.Errorf("reading the server's snapshot from %q: %w", text, err)
	}
	return n, nil
}

// widen makes the 64 bits of a transaction id of 32: it is the newest that is
// older than xmax. (PostgreSQL keeps ids of rows only within half of the 32
// bits, or freezes them.)
func widen(xid uint32, xmax uint64) uint64 {
	wide := xmax&^0xffffffff | uint64(xid)
	if wide >= xmax {
		if wide < 1<<32 {
			return uint64(xid)
		}
		wide -= 1 << 32
	}
	return wide
}

// wide is widen, as the server computes it.
func (n now) wide(column string) string {
	low, high := n.xmax&0xffffffff, n.xmax&^uint64(0xffffffff)
	before := int64(high) - 1<<32
	return fmt.Sprintf("(CASE WHEN %s::text::bigint < %d THEN %d ELSE %d END) + %s::text::bigint", column, low, high, max(before, 0), column)
}

// from is the block where reading begins; 0 is the whole log.
func (t *horizonLog) from(n now, every time.Duration, at time.Time) (block uint64, horizon uint64) {
	if n.blocks <= t.small || t.read.IsZero() || at.Sub(t.read) >= every {
		return 0, t.whole
	}
	for _, l := range slices.Backward(t.looks) {
		if l.xmax <= t.horizon && l.blocks > margin {
			t.ends++
			return l.blocks - margin, t.horizon
		}
	}
	return 0, t.whole
}

// entries reads the rows at or above the horizon that can be seen, in the order
// of their transactions, with at most the first most of those not yet told.
func (t *horizonLog) entries(ctx context.Context, s *database.Snapshot, table string, n now, block, horizon uint64, newest string, most int) (list []entry, more bool, err error) {
	// The server leaves out what is below the horizon, by the same widening.
	text := fmt.Sprintf("SELECT %s, x.xmin::text AS xmin, x.ctid::text AS ctid FROM %s x WHERE %s >= %d", logColumns, table, n.wide("x.xmin"), horizon)
	if at, err := time.Parse(timeForm, newest); err == nil {
		text += fmt.Sprintf(" AND (x.time IS NULL OR x.time >= '%s')", at.Add(-longest).Format(timeForm))
	}
	if block > 0 {
		text += fmt.Sprintf(" AND x.ctid >= '(%d,0)'", block)
	}
	first := firsts{most: most + len(t.published) + 1, order: func(a, b entry) int { return cmp.Or(cmp.Compare(a.xid, b.xid), cmp.Compare(a.tid, b.tid)) }}
	err = s.Each(ctx, text, nil, append(logNames(logColumns), "xmin", "ctid"), idColumns, func(c dbrow.Columns) error {
		e, err := newEntry(c, n.xmax)
		first.add(e)
		return err
	})
	if err != nil {
		return nil, false, err
	}
	list = first.sorted()
	number(list)
	list = slices.DeleteFunc(list, func(e entry) bool { return t.published[[2]uint64{e.xid, e.tid}] })
	if len(list) > most {
		return list[:most], true, nil
	}
	return list, false, nil
}

func newEntry(c dbrow.Columns, xmax uint64) (entry, error) {
	xid, err := strconv.ParseUint(c.Text("xmin"), 10, 32)
	if err != nil {
		return entry{}, fmt.Errorf("reading a row's xmin: %w", err)
	}
	var block, line uint64
	if _, err := fmt.Sscanf(c.Text("ctid"), "(%d,%d)", &block, &line); err != nil {
		return entry{}, fmt.Errorf("reading a row's ctid %q: %w", c.Text("ctid"), err)
	}
	delete(c, "xmin")
	delete(c, "ctid")
	return entry{row: c, xid: widen(uint32(xid), xmax), tid: block<<16 | line}, nil
}

// number counts rows that agree in package and time, and in state as well.
func number(list []entry) {
	seen := map[string]int{}
	for i := range list {
		at := chainName(list[i].row) + "\x00" + list[i].row.Text("time")
		state := at + "\x00" + list[i].row.Text("state")
		list[i].ordinal, list[i].nth = seen[at], seen[state]
		seen[at]++
		seen[state]++
	}
}

// advance moves the horizons after everything that was read is published.
func (t *horizonLog) advance(n now, whole bool, at time.Time) {
	t.horizon = max(t.horizon, n.xmin)
	if whole {
		t.whole, t.read = max(t.whole, n.xmin), at
	}
	for k := range t.published {
		if k[0] < t.whole {
			delete(t.published, k)
		}
	}
	t.looks = append(t.looks, look{n.xmax, n.blocks})
	for len(t.looks) > 2 && (t.looks[1].xmax <= t.horizon || len(t.looks) > 1000) {
		t.looks = t.looks[1:]
	}
}
