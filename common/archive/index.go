package archive

import (
	"cmp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"busbar/common/event"
	"busbar/common/state"
)

// A Kind is what a message can be found by.
type Kind int

// The kinds. They are stored.
const (
	all       Kind = iota
	Topic          // the full topic
	Category       // its fourth part, as fedmsg counts
	Publisher      // who counts; empty where nobody does
	Agent          // the envelope's username
	Package
	Bug    // its number
	Person // "name <email>" or an account, in lower case
	Suite
	Architecture
	Repository
	List     // a mailing list's id
	Severity // of a bug
)

// counted says of which kinds the messages of each hour are counted.
func (k Kind) counted() bool { return k <= Publisher }

// hasParts says of which kinds there may be very many, which are asked for by a part.
func (k Kind) hasParts() bool { return k == Person || k == Repository }

// A name is what a message is found by.
type name struct {
	kind  Kind
	value string
}

// maxNameLength bounds a name; by longer ones nothing is found.
const maxNameLength = 1 << 10

// namesOf are all names of a message, each once.
func namesOf(e event.Envelope) []name {
	names := []name{{all, ""}, {Topic, e.Topic}, {Publisher, e.Publisher}}
	if parts := strings.SplitN(e.Topic, ".", 5); len(parts) > 3 {
		names = append(names, name{Category, parts[3]})
	}
	if e.Username != "" {
		names = append(names, name{Agent, e.Username})
	}
	about := event.AboutOf(e.Msg)
	for _, of := range []struct {
		kind   Kind
		values []string
	}{
		{Package, about.Packages}, {Bug, about.Bugs}, {Suite, about.Suites}, {Architecture, about.Architectures},
		{Repository, about.Repositories}, {List, about.Lists}, {Severity, about.Severities},
	} {
		for _, v := range of.values {
			names = append(names, name{of.kind, v})
		}
	}
	people := make([]string, len(about.People))
	for i, p := range about.People {
		people[i] = strings.ToLower(p)
	}
	slices.Sort(people)
	for _, p := range slices.Compact(people) {
		names = append(names, name{Person, p})
	}
	return slices.DeleteFunc(names, func(n name) bool { return len(n.value) > maxNameLength })
}

const secondsPerHour = 3600

// An indexer makes the derived rows of messages. It gathers them, since rows in
// the order of their tables are written much faster.
type indexer struct {
	t      *transaction
	known  *known
	states string             // the table of states
	hours  map[[2]int64]int64 // name, hour: messages
	words  []wordRow
	things map[thingKey]*held
}

type wordRow struct {
	place Place
	text  string
}

func newIndexer(t *transaction, known *known) *indexer {
	return &indexer{t: t, known: known, states: "states", hours: map[[2]int64]int64{}}
}

// A found is what a message is found by.
type found struct {
	names   []name
	words   string
	updates []state.Update
}

func foundBy(e event.Envelope, states *state.Table) found {
	return found{namesOf(e), strings.Join(wordsOf(e), " "), states.Updates(e)}
}

// Prepare finds on all processors what messages are found by. Append does it, too, where
// it was not done: whoever does it before stores one batch while it reads the next.
func (a *Archive) Prepare(list []Incoming) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), (len(list)+perWorker-1)/perWorker) {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(list)); i = next.Add(1) - 1 {
				if m := &list[i]; m.found == nil || m.states != a.o.States {
					by := foundBy(m.Envelope, a.o.States)
					m.found, m.states = &by, a.o.States
				}
			}
		})
	}
	wg.Wait()
}

// perWorker is for how many messages another goroutine is worth it.
const perWorker = 16

// add gathers the rows of a message.
func (x *indexer) add(n int64, e event.Envelope, by found) {
	place := placeOf(e.Timestamp, n)
	var words strings.Builder
	words.WriteString(by.words)
	for _, name := range by.names {
		id := x.name(name)
		if name.kind != all {
			words.WriteByte(' ')
			words.WriteString(tokenOf(id))
		}
		if name.kind.counted() {
			x.hours[[2]int64{id, place.time() / secondsPerHour}]++
		}
	}
	x.words = append(x.words, wordRow{place, words.String()})
	x.state(n, e, by.updates)
}

// remove gathers the rows of a message that is to be dropped.
func (x *indexer) remove(n int64, e event.Envelope) {
	place := placeOf(e.Timestamp, n)
	for _, name := range namesOf(e) {
		if name.kind.counted() {
			x.hours[[2]int64{x.name(name), place.time() / secondsPerHour}]--
		}
	}
	x.t.run("DELETE FROM words WHERE rowid = ?", int64(place))
}

// name is the number of a name, which is made where it is new.
func (x *indexer) name(n name) int64 {
	if id, ok := bugName(n); ok {
		return id
	}
	id, ok := x.known.names[n]
	if ok || x.t.err != nil {
		return id
	}
	if !x.t.get("SELECT id FROM names WHERE kind = ? AND value = ?", []any{int64(n.kind), n.value}, &id) {
		if x.known.lastName == 0 {
			x.t.get("SELECT coalesce(max(id), 0) FROM names", nil, &x.known.lastName)
		}
		x.known.lastName++
		id = x.known.lastName
		x.t.run("INSERT INTO names VALUES (?, ?, ?)", id, int64(n.kind), n.value)
		if n.kind.hasParts() {
			x.t.run("INSERT INTO parts (rowid, text) VALUES (?, replace(?, char(0), char(10)))", id, n.value) // NUL would end it
		}
	}
	put(&x.known.names, n, id)
	return id
}

// bugName is the number of a bug's name: itself, below 0. There are many, and they
// need no row.
func bugName(n name) (int64, bool) {
	if n.kind != Bug {
		return 0, false
	}
	number, err := strconv.ParseInt(n.value, 10, 48)
	return -number, err == nil && number > 0 && n.value[0] != '0' && n.value[0] != '+'
}

// flush stores what was gathered.
func (x *indexer) flush() {
	// The index of words takes them in the order of places without a pause only.
	slices.SortFunc(x.words, func(a, b wordRow) int { return cmp.Compare(a.place, b.place) })
	// Nor does it like many in one statement, which makes each statement's a part.
	for _, w := range x.words {
		x.t.run("INSERT INTO words (rowid, text) VALUES (?, ?)", int64(w.place), w.text)
	}
	for at, count := range x.hours {
		x.t.run("INSERT INTO hours VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count", at[0], at[1], count)
	}
	x.store()
	x.words = x.words[:0]
	clear(x.hours)
}
