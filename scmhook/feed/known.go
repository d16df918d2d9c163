package feed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"busbar/common/event"
	"busbar/common/journal"
	"busbar/scmhook/refs"
	"busbar/scmhook/spool"
)

// about is the key of what is kept of a repository beside its refs; no ref is
// called so.
const about = "."

// FakeRef is a ref that never exists: an update of it is a test of the way from
// the hook to the bus.
const FakeRef = "refs/busbar/fake"

// About is what is kept of a repository.
type About struct {
	Since      time.Time `json:"since"`               // first sight
	HookCalled time.Time `json:"heard,omitzero"`      // a hook last reported something
	Recovered  time.Time `json:"recovered,omitzero"`  // comparing last found something
	Found      int       `json:"found,omitempty"`     // updates that comparing found, ever
	Directory  string    `json:"directory,omitempty"` // where it is
}

// Source is the name of a repository's refs in the journal, and Pushes of the
// number of times that each of their updates was published. One more slash at the
// end keeps a repository "a pushes" apart from the pushes of "a".
func Source(system, name string) string {
	if strings.HasSuffix(strings.TrimRight(name, "/"), " pushes") {
		name += "/"
	}
	return system + " " + name
}

// Pushes is where the counts of updates are.
func Pushes(system, name string) string { return system + " " + name + " pushes" }

func pair(ref, old, new string) string { return ref + " " + old + " " + new }

// A known is what the journal says of one repository, and the plan's start.
type known struct {
	repository Repository
	book       *refs.Book
	published  map[string]refs.Published // before the plan
	about      About
	fresh      bool // seen for the first time, or from the start again
}

// open reads the book of a repository. At first sight it takes the baseline.
func (c *Channel) open(ctx context.Context, r Repository, actual func() (map[string]string, error), lines []spool.Line) (*known, error) {
	k := &known{repository: r}
	published, err := Published(ctx, c.o.Journal, r.System, r.Name, &k.about)
	if err != nil {
		return nil, err
	}
	if k.about.Since.IsZero() {
		k.fresh, k.about.Since = true, moment(time.Now())
		now, err := actual()
		if err != nil {
			return nil, err
		}
		published = refs.Baseline(now, fromHooks(now, lines))
	}
	k.about.Directory = r.Dir
	k.published = maps.Clone(published)
	k.book = &refs.Book{Refs: published, Pairs: func(ref, old, new string) (int, error) {
		value, err := c.o.Journal.StateOf(ctx, Pushes(r.System, r.Name), pair(ref, old, new))
		if errors.Is(err, journal.ErrNotFound) {
			return 0, nil
		}
		if err != nil {
			return 0, err
		}
		return strconv.Atoi(string(value))
	}}
	return k, nil
}

// Published is what was published of each ref of a repository, and what else is kept of it.
func Published(ctx context.Context, r *journal.Reader, system, name string, a *About) (map[string]refs.Published, error) {
	published := map[string]refs.Published{}
	err := r.EachState(ctx, Source(system, name), func(key string, value []byte) error {
		if key == about {
			return json.Unmarshal(value, a)
		}
		var t refs.Published
		if err := json.Unmarshal(value, &t); err != nil {
			return err
		}
		published[key] = t
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading what was published of %s: %w", name, err)
	}
	return published, nil
}

// A chunk is what will be one batch when those before it are durable.
type chunk struct {
	known   *known
	updates []refs.Update
	notice  *spool.Notice
	raw     []byte
	file    string // to be removed when the chunk is durable
	nothing string
	broken  string
}

// chunks cuts a plan where its updates stop being recovered or begin to be, and
// where it is long. Updates of one ref stay in their order. There is one chunk
// at least.
func (k *known) chunks(plan []refs.Update) []chunk {
	var all []chunk
	for len(plan) > 0 {
		n := 1
		for n < len(plan) && n < maxUpdates && plan[n].Recovered == plan[0].Recovered {
			n++
		}
		all = append(all, chunk{known: k, updates: plan[:n]})
		plan = plan[n:]
	}
	if len(all) == 0 {
		all = []chunk{{known: k, nothing: "nothing new"}}
	}
	return all
}

// batch is the chunk with the state after it.
func (c chunk) batch(now time.Time) Batch {
	b := Batch{Notice: c.notice, Raw: c.raw, Nothing: c.nothing, Broken: c.broken, Updates: c.updates}
	k := c.known
	if k == nil {
		return b
	}
	b.Repository, b.Published = k.repository, k.published
	source, pushes := Source(b.Repository.System, b.Repository.Name), Pushes(b.Repository.System, b.Repository.Name)
	note := func(source, key string, value []byte) {
		b.States = append(b.States, event.State{Source: source, Key: key, Value: value})
	}
	if k.fresh {
		for ref, t := range k.published {
			note(source, ref, encode(t))
		}
	}
	a := k.about
	if c.notice != nil {
		a.HookCalled = now
	}
	for _, u := range c.updates {
		if u.Recovered {
			b.Recovered, a.Recovered = true, now
			a.Found++
		}
		if b.Repository.System != "svn" { // whose revisions never come again
			note(pushes, pair(u.Ref, u.Old, u.New), []byte(strconv.Itoa(u.Nth+1)))
		}
		switch {
		case u.Ref == FakeRef:
		case u.New == "":
			note(source, u.Ref, nil)
		default:
			note(source, u.Ref, encode(refs.Published{ID: u.New}))
		}
	}
	note(source, about, encode(a))
	return b
}

// landed moves the state on: the chunk is durable.
func (c chunk) landed(now time.Time) {
	k := c.known
	if k == nil {
		return
	}
	k.fresh = false
	if c.notice != nil {
		k.about.HookCalled = now
	}
	for _, u := range c.updates {
		if u.Recovered {
			k.about.Recovered = now
			k.about.Found++
		}
		switch {
		case u.Ref == FakeRef:
		case u.New == "":
			delete(k.published, u.Ref)
		default:
			k.published[u.Ref] = refs.Published{ID: u.New}
		}
	}
}

// encode writes a state, which always can be.
func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		return []byte("{}")
	}
	return b
}
