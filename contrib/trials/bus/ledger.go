package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"busbar/contrib/trials/trial"
)

// A fact is what a message tells: its id, under its topic.
type fact struct {
	id    uuid.UUID
	topic string
}

type digest [32]byte // SHA-256 of a message's canonical form

// A place is a number of a publisher's sequence.
type place struct {
	publisher, epoch string
	seq              int64
}

// An entry is one thing that a subscriber got: a message, or a gap with a name.
type entry struct {
	place
	fact   fact
	digest digest
	gap    string // its reason; empty: it is a message
	until  int64  // the last number that the gap names
	begun  bool   // the subscriber was started again; nothing else is in this entry
}

// A truth is what was published, and what was done to it.
type truth struct {
	said   map[place]map[digest]fact // also what a journal lost when it was put back
	facts  map[fact]map[place]bool
	kept   map[fact]bool     // those that no journal lost, but by retention
	pruned map[place]bool    // numbers that retention took
	back   map[string]bool   // publishers whose journal was put back
	faults []string          // of the journals
	names  map[string]string // topics, each once
}

func newTruth() *truth {
	return &truth{said: map[place]map[digest]fact{}, facts: map[fact]map[place]bool{}, kept: map[fact]bool{}, pruned: map[place]bool{}, back: map[string]bool{}, names: map[string]string{}}
}

// note takes down a message of a journal.
func (t *truth) note(at place, f fact, d digest) {
	if t.said[at] == nil {
		t.said[at] = map[digest]fact{}
	}
	t.said[at][d] = f
	if t.facts[f] == nil {
		t.facts[f] = map[place]bool{}
	}
	t.facts[f][at] = true
}

// A ledger compares what one subscriber got with the truth.
type ledger struct {
	name    string
	hubs    bool
	got     int // messages
	lost    int // published, not there, and no gap names them
	doubled int // the same fact again
	again   int // after a start: not acknowledged before it, which a tail may repeat
	retold  int // by a journal that had lost it: a hub that never had it cannot know
	wrong   int // order
	altered int // not as published
	named   map[string]int
	gone    int // messages that gaps name and that are not there
	unnamed int // got, and lost by the publisher's journal, without a gap that says so
	false   int // gaps that name what is not missing, or with a reason that is none
	where   []string
}

// unfinished is how many messages a tail may have written and not acknowledged when it
// is killed.
const unfinished = 100

// audit compares. repeats says that after a start the last messages may come again;
// hubs that it came from hubs.
func (t *truth) audit(name string, entries []entry, repeats, hubs bool) ledger {
	l := ledger{name: name, hubs: hubs, named: map[string]int{}}
	had := map[fact]bool{}
	gaps := map[string][]entry{}
	r := reading{last: map[place]int64{}, repeats: repeats}
	r.begin()
	for _, e := range entries {
		switch {
		case e.begun:
			r.begin()
		case e.gap != "":
			l.named[e.gap]++
			gaps[e.publisher] = append(gaps[e.publisher], e)
			if why := t.untrue(e); why != "" {
				l.false++
				l.note("a gap (%s, %d to %d of %s) %s", e.gap, e.seq, e.until, e.publisher, why)
			}
			r.gap(e)
		default:
			l.got++
			l.message(t, &r, e, had[e.fact])
			had[e.fact] = true
		}
	}
	l.missing(t, had, gaps)
	for _, list := range gaps {
		for _, g := range list {
			for seq := g.seq; g.gap == retention && seq <= g.until; seq++ {
				for _, f := range t.said[place{g.publisher, g.epoch, seq}] {
					if had[f] && t.kept[f] {
						l.false++
						l.note("message %d of %s is named as gone, and came", seq, g.publisher)
					}
				}
			}
		}
	}
	return l
}

// The reasons of gaps that this trial gives reason for.
const (
	retention = "retention"
	putBack   = "put back"
	// A hub says this to a listener that comes from another one which was quicker; it
	// names no message.
	unknown = "this hub does not know this sequence"
)

// untrue says what is wrong with a gap.
func (t *truth) untrue(g entry) string {
	switch g.gap {
	case putBack:
		if !t.back[g.publisher] {
			return "says that a journal was put back that was not"
		}
	case retention:
		for seq := g.seq; seq <= g.until; seq++ {
			if !t.pruned[place{g.publisher, g.epoch, seq}] {
				return fmt.Sprintf("names message %d, which retention did not take", seq)
			}
		}
	case unknown:
	default:
		return "has a reason that there is none for"
	}
	return ""
}

// missing looks at what did not come, and at what came and is no longer true.
func (l *ledger) missing(t *truth, had map[fact]bool, gaps map[string][]entry) {
	named := func(places map[place]bool, reason string) bool {
		for at := range places {
			for _, g := range gaps[at.publisher] {
				if g.gap == reason && g.epoch == at.epoch && g.seq <= at.seq && at.seq <= g.until {
					return true
				}
			}
		}
		return false
	}
	for f, places := range t.facts {
		what := ""
		switch {
		case !had[f] && t.kept[f] && named(places, retention):
			l.gone++
		case !had[f] && t.kept[f]:
			l.lost++
			what = "is lost"
		case had[f] && !t.kept[f] && !named(places, putBack):
			l.unnamed++
			what = "was lost by its publisher, and no gap says so"
		}
		for at := range places {
			if what != "" {
				l.note("message %d of %s %s", at.seq, at.publisher, what)
			}
		}
	}
}

// A reading is where a subscriber stands while its entries are read.
type reading struct {
	last    map[place]int64 // by publisher and epoch
	repeats bool            // after a start the last messages may come again
	begun   map[place]bool  // what came since the start
	until   map[place]int64 // up to where it may come again
}

func (r *reading) begin() { r.begun, r.until = map[place]bool{}, map[place]int64{} }

// first takes note of the first entry of a sequence since the start.
func (r *reading) first(key place, seq int64) {
	if !r.repeats || r.begun[key] {
		return
	}
	r.begun[key] = true
	if last := r.last[key]; seq <= last && seq > last-unfinished {
		r.until[key], r.last[key] = last, seq-1
	}
}

func (r *reading) gap(g entry) {
	key := place{g.publisher, g.epoch, 0}
	r.first(key, g.seq)
	if g.gap == putBack {
		r.last[key] = g.seq - 1
	} else {
		r.last[key] = max(r.last[key], g.until)
	}
}

// message holds a message against what came before it.
func (l *ledger) message(t *truth, r *reading, e entry, before bool) {
	key := place{e.publisher, e.epoch, 0}
	if f, ok := t.said[e.place][e.digest]; !ok || f != e.fact {
		l.altered++
		l.note("message %d of %s is not as it was published", e.seq, e.publisher)
	}
	r.first(key, e.seq)
	switch {
	case before && e.seq <= r.until[key]:
		l.again++
	case before && l.hubs && t.again(e.fact):
		l.retold++
	case before:
		l.doubled++
		l.note("message %d of %s came twice", e.seq, e.publisher)
	}
	if last := r.last[key]; e.seq <= last {
		l.wrong++
		l.note("message %d of %s came after %d", e.seq, e.publisher, last)
	}
	r.last[key] = e.seq
}

// again says whether a journal that was put back said a fact once more.
func (t *truth) again(f fact) bool {
	n := 0
	for at := range t.facts[f] {
		for _, said := range t.said[at] {
			if said == f && t.back[at.publisher] {
				n++
			}
		}
	}
	return n > 1
}

func (l *ledger) note(format string, args ...any) {
	if len(l.where) < 8 {
		l.where = append(l.where, fmt.Sprintf(format, args...))
	}
}

func (l ledger) String() string {
	var gaps []string
	for reason, n := range l.named {
		gaps = append(gaps, fmt.Sprintf("%d %s", n, reason))
	}
	slices.Sort(gaps)
	return fmt.Sprintf("%s: got %d, lost %d, doubled %d, reordered %d, not as published %d; gaps named: %s (%d messages); unnamed %d, named falsely %d; repeated after a kill %d, said again by a journal that had lost it %d",
		l.name, l.got, l.lost, l.doubled, l.wrong, l.altered, strings.Join(append(gaps, "")[:max(len(gaps), 1)], ", "), l.gone, l.unnamed, l.false, l.again, l.retold)
}

func (l ledger) verdict() error {
	return trial.Verdict([]trial.Count{
		{N: l.lost, What: l.name + ": lost"}, {N: l.doubled, What: l.name + ": doubled"}, {N: l.wrong, What: l.name + ": reordered"},
		{N: l.altered, What: l.name + ": not as published"}, {N: l.unnamed, What: l.name + ": gone without a name"}, {N: l.false, What: l.name + ": gaps named falsely"},
	}, l.where...)
}
