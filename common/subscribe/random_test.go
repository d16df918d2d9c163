package subscribe

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"busbar/common/backoff"
	"busbar/common/replay"
	"busbar/fixtures/cases"
)

// TestRandomRuns: publishers restart, lose their journals or put older ones back,
// connections are cut, messages vanish, retention takes some, the subscriber is killed
// and started again, transactions are rolled back. In the end it has every message
// that there is, once and in order, and what is gone is named.
// BUSBAR_SUBSCRIBER_RUNS says how many runs there are. The suite plays the same ones each
// time; CASES=all plays others.
func TestRandomRuns(t *testing.T) {
	runs := setting(t, "BUSBAR_SUBSCRIBER_RUNS", uint64(cases.Of(12, 200)))
	seed := setting(t, "BUSBAR_SUBSCRIBER_SEED", cases.Seed())
	var sum tally
	t.Run("seeds", func(t *testing.T) {
		for i := range runs {
			t.Run(fmt.Sprint(seed+i), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, seed+i)
				for range 40 {
					w.step()
				}
				w.settle()
				if w.check(&sum); t.Failed() {
					t.Logf("again: BUSBAR_SUBSCRIBER_SEED=%d BUSBAR_SUBSCRIBER_RUNS=1", seed+i)
				}
			})
		}
	})
	if !t.Failed() {
		t.Logf("%d runs: %d messages published, %d handed out, %d gaps named; lost 0, doubled 0, reordered 0", runs, sum.said.Load(), sum.got.Load(), sum.gaps.Load())
	}
}

// setting is what a variable of the environment says; where it says nothing, another one.
func setting(t *testing.T, variable string, other uint64) uint64 {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return other
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

type tally struct{ said, got, gaps atomic.Int64 }

// A world is the publishers and one subscriber of a run.
type world struct {
	t     *testing.T
	r     *rand.Rand
	hosts []*lived
	db    *sql.DB
	s     *Subscriber
	taken []*Message // handed out and not acknowledged
}

// lived is a host with all that it ever said.
type lived struct {
	*host
	said       map[string]bool // by epoch, number and id
	dropped    map[string]bool // ids that retention took, and an older journal may bring again
	copied     []byte
	rewritten  bool // an older journal was put back
	pub, again *proxy
	list       string
}

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{t: t, r: rand.New(rand.NewPCG(seed, 1))}
	for i := range 1 + w.r.IntN(3) {
		h := newHost(t, fmt.Sprintf("notes.host%d", i), nil)
		l := &lived{host: h, said: map[string]bool{}, dropped: map[string]bool{}}
		l.pub, l.again = newProxy(t, h.pub.Endpoints()[0][6:]), newProxy(t, h.server.Endpoints()[0][6:])
		text := fmt.Sprintf("[endpoints]\n%q = %q\n[replay_endpoints]\n%q = %q\n", h.name, l.pub.endpoint(), h.name, l.again.endpoint())
		if err := os.WriteFile(h.at, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		w.hosts = append(w.hosts, l)
	}
	db, err := connect(filepath.Join(t.TempDir(), "consumer.db"), "rwc", "journal_mode(WAL)", "synchronous(OFF)", "busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(4)
	t.Cleanup(func() { db.Close() })
	if _, err := db.Exec("CREATE TABLE got (n INTEGER PRIMARY KEY, publisher TEXT, epoch TEXT, seq INTEGER, id TEXT, gap TEXT, until INTEGER)"); err != nil {
		t.Fatal(err)
	}
	w.db = db
	w.start()
	return w
}

func (w *world) start() {
	o := Options{DB: w.db, From: Start(), Window: 1 + w.r.IntN(50), Queue: 2000 + w.r.IntN(50_000), fetch: &replay.Client{Patience: time.Millisecond}, pauses: backoff.Times{First: 5 * time.Millisecond, Most: 100 * time.Millisecond}}
	for _, l := range w.hosts {
		o.Publishers = append(o.Publishers, "file:"+l.at)
	}
	if os.Getenv("BUSBAR_SUBSCRIBER_SEED") != "" {
		o.Log = slog.New(slog.NewTextHandler(w.t.Output(), nil))
	}
	s, err := Open(context.Background(), o)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { s.Close() })
	w.s, w.taken = s, nil
}

// step does one thing at random.
func (w *world) step() {
	l := w.hosts[w.r.IntN(len(w.hosts))]
	switch w.r.IntN(20) {
	case 0, 1, 2, 3, 4, 5:
		w.write(l, 1+w.r.IntN(20), w.r.IntN(3) == 0)
	case 6, 7:
		l.beat(w.newest(l))
	case 8:
		l.pub.cut(w.r.IntN(2) == 0)
	case 9:
		l.again.cut(w.r.IntN(2) == 0)
	case 10:
		l.pub.cut(false)
		l.again.cut(false)
	case 11:
		w.again(l, func() {})
	case 12:
		w.drop(l, w.r.IntN(30))
	case 13:
		w.again(l, func() { l.copied = read(w.t, l.path()) })
	case 14:
		if l.copied != nil {
			l.rewritten = true
			w.again(l, func() { put(w.t, l.path(), l.copied) })
			w.write(l, 1+w.r.IntN(10), false)
		}
	case 15:
		if w.r.IntN(2) == 0 {
			w.again(l, func() { remove(w.t, l.path()) })
			w.write(l, 1+w.r.IntN(5), false)
		}
	case 16:
		w.s.killed.Store(w.r.IntN(2) == 0)
		w.s.Close()
		w.start()
	default:
		w.take(time.Duration(w.r.IntN(20)) * time.Millisecond)
	}
}

// drop lets retention take all but the newest.
func (w *world) drop(l *lived, keep int) {
	span := func() (oldest, newest int64) {
		oldest, newest, err := l.j.Reader().Span(context.Background())
		if err != nil {
			w.t.Fatal(err)
		}
		return oldest, newest
	}
	before, newest := span()
	var ids []string
	for m := range l.messages(before, newest) {
		ids = append(ids, m.ID)
	}
	l.prune(keep)
	after, _ := span()
	for _, id := range ids[:min(after-before, int64(len(ids)))] {
		l.dropped[id] = true
	}
}

// again restarts a publisher: its connections end.
func (w *world) again(l *lived, change func()) {
	l.host.again(change)
	l.pub.cut(false)
	l.again.cut(false)
}

func (w *world) newest(l *lived) int64 {
	n, err := l.j.Reader().LastSeq(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

// write appends messages and says them, with losses.
func (w *world) write(l *lived, n int, mute bool) {
	before := w.newest(l)
	l.host.write(n)
	for m := range l.messages(before+1, before+int64(n)) {
		l.said[fmt.Sprintf("%s %d %s", l.j.Epoch(), m.Seq, m.ID)] = true
		if !mute && w.r.IntN(8) > 0 {
			if err := l.host.pub.Send(m.Topic, m.Wire); err != nil {
				w.t.Fatal(err)
			}
		}
	}
}

// take takes what comes within a while, and acknowledges some of it, in any order.
func (w *world) take(within time.Duration) (came int) {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	for {
		m, err := w.s.Next(ctx)
		if err != nil {
			break
		}
		came++
		w.taken = append(w.taken, m)
		if len(w.taken) > w.r.IntN(10) {
			w.done(w.r.IntN(len(w.taken) + 1))
		}
	}
	return came
}

// done stores the first n of what was taken, and acknowledges it.
func (w *world) done(n int) {
	if n == 0 {
		return
	}
	ctx := context.Background()
	ms := slices.Clone(w.taken[:n])
	for try := 0; ; try++ {
		tx, err := w.db.BeginTx(ctx, nil)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, m := range ms {
			if g := m.Gap; g != nil {
				_, err = tx.Exec("INSERT INTO got (publisher, epoch, seq, gap, until) VALUES (?, ?, ?, ?, ?)", g.Publisher, g.Epoch, g.From, string(g.Reason), g.To)
			} else {
				_, err = tx.Exec("INSERT INTO got (publisher, epoch, seq, id) VALUES (?, ?, ?, ?)", m.Envelope.Publisher, m.Envelope.Epoch, m.Envelope.Seq, m.Envelope.MsgID)
			}
			if err != nil {
				w.t.Fatal(err)
			}
		}
		if err := w.s.Record(ctx, tx, ms...); err != nil {
			w.t.Fatal(err)
		}
		if try == 0 && w.r.IntN(5) == 0 {
			if err := tx.Rollback(); err != nil {
				w.t.Fatal(err)
			}
			continue
		}
		if err := tx.Commit(); err != nil {
			w.t.Fatal(err)
		}
		break
	}
	w.taken = w.taken[n:]
	if w.r.IntN(30) == 0 { // killed between the two
		w.s.killed.Store(true)
		w.s.Close()
		w.start()
		return
	}
	w.r.Shuffle(len(ms), func(i, j int) { ms[i], ms[j] = ms[j], ms[i] })
	if err := w.s.Ack(ctx, ms...); err != nil {
		w.t.Fatal(err)
	}
}

// settle lets all come that is to come.
func (w *world) settle() {
	for _, l := range w.hosts {
		l.pub.cut(false)
		l.again.cut(false)
		w.write(l, 1, true)
	}
	for end := time.Now().Add(longest); ; {
		for _, l := range w.hosts {
			l.beat(w.newest(l))
		}
		if w.take(30 * time.Millisecond); len(w.taken) > 0 {
			w.done(len(w.taken))
			continue
		}
		st := w.s.Status()
		whole := st.Queued == 0 && st.InFlight == 0
		for _, l := range w.hosts {
			whole = whole && slices.ContainsFunc(st.Streams, func(one Stream) bool {
				return one.Publisher == l.name && one.Epoch == l.j.Epoch() && one.Position == w.newest(l)
			})
		}
		for _, one := range st.Streams {
			whole = whole && !one.Repairing && (one.Ended || slices.ContainsFunc(w.hosts, func(l *lived) bool { return one.Epoch == l.j.Epoch() }))
		}
		if whole {
			return
		}
		if time.Now().After(end) {
			w.t.Fatalf("it never has all: %+v", st)
		}
	}
}

type line struct {
	epoch, id, gap string
	seq, until     int64
}

func (w *world) got(publisher string) (list []line) {
	rows, err := w.db.Query("SELECT epoch, seq, COALESCE(id, ''), COALESCE(gap, ''), COALESCE(until, 0) FROM got WHERE publisher = ? ORDER BY n", publisher)
	if err != nil {
		w.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var one line
		if err := rows.Scan(&one.epoch, &one.seq, &one.id, &one.gap, &one.until); err != nil {
			w.t.Fatal(err)
		}
		list = append(list, one)
	}
	return list
}

func (w *world) check(sum *tally) {
	streams := w.s.Status().Streams
	for _, l := range w.hosts {
		list := w.got(l.name)
		named := func(epoch string, seq int64, also Reason) bool {
			return slices.ContainsFunc(list, func(one line) bool {
				return one.gap != "" && (one.gap != string(PutBack) || also == PutBack) && one.epoch == epoch && one.seq <= seq && (seq <= one.until || one.until == 0)
			})
		}
		have, last, left := map[string]bool{}, map[string]int64{}, map[string]bool{}
		epoch := ""
		for _, one := range list {
			if one.epoch != epoch {
				if left[one.epoch] && !l.rewritten {
					w.t.Errorf("%s: epoch %s comes after a later one", l.name, one.epoch)
				}
				left[epoch], epoch = true, one.epoch
			}
			switch {
			case one.gap == string(PutBack):
				last[epoch] = one.seq - 1
				sum.gaps.Add(1)
			case one.seq <= last[epoch]:
				w.t.Errorf("%s: number %d comes after %d", l.name, one.seq, last[epoch])
			case one.gap != "":
				last[epoch] = max(one.until, last[epoch])
				sum.gaps.Add(1)
			default:
				last[epoch] = one.seq
				sum.got.Add(1)
				if have[one.id] {
					w.t.Errorf("%s: %s comes twice", l.name, one.id)
				}
				have[one.id] = true
			}
		}
		oldest, newest, err := l.j.Reader().Span(context.Background())
		if err != nil {
			w.t.Fatal(err)
		}
		current := map[string]bool{}
		for m := range l.messages(oldest, newest) {
			current[m.ID] = true
			if !have[m.ID] && !l.dropped[m.ID] && !named(l.j.Epoch(), m.Seq, "") {
				w.t.Errorf("%s: message %d (%s) is in the journal, and is lost", l.name, m.Seq, m.ID)
			}
		}
		for text := range l.said {
			var epoch, id string
			var seq int64
			if _, err := fmt.Sscan(text, &epoch, &seq, &id); err != nil {
				w.t.Fatal(err)
			}
			sum.said.Add(1)
			known := slices.ContainsFunc(streams, func(one Stream) bool { return one.Epoch == epoch })
			if !have[id] && !current[id] && known && !l.rewritten && !named(epoch, seq, PutBack) {
				w.t.Errorf("%s: message %d of epoch %s (%s) is gone, and no gap names it", l.name, seq, epoch, id)
			}
		}
	}
	if w.t.Failed() {
		for _, l := range w.hosts {
			for _, one := range w.got(l.name) {
				w.t.Log(l.name, one)
			}
		}
	}
	for _, m := range w.taken {
		w.t.Errorf("left: %+v", m)
	}
}
