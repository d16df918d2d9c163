package wannabuild

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"busbar/adapters/adaptertest"
	"busbar/common/dbrow"
	"busbar/common/translate"
)

// A poller is what dbpoll does, without database and journal: it hands changes
// to the translator and remembers what it told.
type poller struct {
	t         *testing.T
	tracked   map[string]dbrow.Columns
	revisions map[string]int64
	nth       map[string]int
	told      map[string]string // id: topic and title
	fresh     []string          // ids of this round that were not published before
}

func newPoller(t *testing.T) *poller {
	return &poller{t: t, tracked: map[string]dbrow.Columns{}, revisions: map[string]int64{}, nth: map[string]int{}, told: map[string]string{}}
}

func (p *poller) tell(at string, ch Change) {
	p.t.Helper()
	ch.Revision = p.revisions[at]
	p.revisions[at]++
	tr := Translator(time.UTC)
	it := translate.Item[Change]{Value: ch}
	adaptertest.Check(p.t, tr, it)
	o, err := translate.Run([]translate.Translator[Change]{tr}, it)
	if err != nil || o.Poison != "" {
		p.t.Fatalf("%s: %v, poison %q", at, err, o.Poison)
	}
	for _, e := range o.Events {
		id := e.UUID().String()
		if _, known := p.told[id]; known {
			continue
		}
		p.told[id] = e.Kind.Topic + " " + e.Kind.Sentence(e.Body)
		p.fresh = append(p.fresh, id)
	}
}

// poll reads what the steps did: the log where it may, then the state.
func (p *poller) poll(withLog bool, now map[string]dbrow.Columns, steps ...step) {
	p.t.Helper()
	p.fresh = nil
	if withLog {
		var log []dbrow.Columns
		last := map[string]int{}
		for _, s := range steps {
			for _, row := range s.log {
				last[place(row)] = len(log)
				log = append(log, row)
			}
		}
		for i, row := range log {
			p.row(row, now[place(row)], last[place(row)] == i)
		}
	}
	for _, at := range slices.Sorted(maps.Keys(union(now, p.tracked))) {
		if before, after := p.tracked[at], now[at]; !maps.EqualFunc(before, after, dbrow.Same) || (before == nil) != (after == nil) {
			p.tell(at, Change{Before: before, After: after})
			p.tracked[at] = after
		}
	}
}

func (p *poller) row(log, after dbrow.Columns, newest bool) {
	at := place(log)
	key := StateKey(log, log.Text("time"), log.Text("state"), 0, time.UTC)
	newest = newest && after != nil && log.Text("state") == after.Text("state")
	p.tell(at, Change{Log: log, Nth: p.nth[key], Newest: newest, Before: p.tracked[at], After: after})
	p.nth[key]++
	if newest {
		p.tracked[at] = after
	} else if p.tracked[at] = Advance(p.tracked[at], log, time.UTC); p.tracked[at] == nil {
		delete(p.tracked, at)
	}
}

func union(a, b map[string]dbrow.Columns) map[string]dbrow.Columns {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

// run polls after every n steps.
func run(t *testing.T, withLog bool, n int, all []step) *poller {
	p, now := newPoller(t), map[string]dbrow.Columns{}
	for batch := range slices.Chunk(all, n) {
		for _, s := range batch {
			for at, row := range s.packages {
				if now[at] = row; row == nil {
					delete(now, at)
				}
			}
		}
		p.poll(withLog, maps.Clone(now), batch...)
	}
	return p
}

// states is what a poller told, without single columns.
func (p *poller) states() map[string]string {
	all := maps.Clone(p.told)
	maps.DeleteFunc(all, func(_, what string) bool { return strings.HasPrefix(what, "wannabuild.package.update ") })
	return all
}

// missing is what a tells and b does not.
func missing(a, b map[string]string) []string {
	var all []string
	for id, what := range a {
		if _, ok := b[id]; !ok {
			all = append(all, what)
		}
	}
	slices.Sort(all)
	return all
}

// TestReplay replays a life of a few packages: however often
// is polled, the log tells the same facts, and a poller that only compares
// tells no fact under another id.
func TestReplay(t *testing.T) { eachRecording(t, replay) }

func replay(t *testing.T, r recording) {
	all := r.steps(t)
	every := run(t, true, 1, all).states()
	t.Logf("%d transactions are %d facts", len(all), len(every))
	for _, n := range []int{2, 5, 11, len(all)} {
		got := run(t, true, n, all).states()
		for _, what := range missing(every, got) {
			t.Errorf("polling after every %d transactions does not tell: %s", n, what)
		}
		for _, what := range missing(got, every) {
			t.Errorf("polling after every %d transactions alone tells: %s", n, what)
		}
	}
	for _, n := range []int{1, 2, 5, 11, len(all)} {
		got := run(t, false, n, all).states()
		for _, what := range missing(got, every) {
			if what == r.guess && n > 1 {
				continue
			}
			t.Errorf("comparing after every %d transactions tells what the log does not: %s", n, what)
		}
		if n == 1 {
			for _, what := range missing(every, got) {
				t.Logf("only the log tells: %s", what)
			}
		}
	}
}

// TestReadAgain hands over the whole log once more, as after a restart: nothing
// is news.
func TestReadAgain(t *testing.T) { eachRecording(t, readAgain) }

func readAgain(t *testing.T, r recording) {
	all := r.steps(t)
	for _, n := range []int{1, 7, len(all)} {
		p := run(t, true, n, all)
		p.nth = map[string]int{}
		now := maps.Clone(p.tracked)
		for _, s := range all {
			for _, row := range s.log {
				p.fresh = nil
				p.row(row, now[place(row)], false)
				for _, id := range p.fresh {
					t.Errorf("polled after every %d transactions, then read again: %s", n, p.told[id])
				}
				p.tracked = maps.Clone(now)
			}
		}
	}
}
