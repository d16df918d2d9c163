// Package plan decides when what is said to a person: at once, in a digest, after the
// quiet hours, joined with what belongs to it, or held back because it is too much. It is
// pure: time is what the caller says that it is.
//
// A Box is one address of one person. What waits in it stands in buckets, each with the
// time when it is due.
//
// Not here: which rules want an event (bus/notify/match), how a box is kept
// (bus/notify/outbox).
package plan

import (
	"maps"
	"slices"
	"strings"
	"time"

	"busbar/bus/notify/dest"
	"busbar/bus/notify/rule"
)

// An Item is an event that is to be said.
type Item struct {
	dest.Message
	Rule    string  `json:"rule"`
	Change  *Change `json:"change,omitempty"`
	Details string  `json:"details,omitempty"` // text that the event bears, cut; only at once
}

// How is what a rule asks for.
type How struct {
	When   rule.When     `json:"when"`
	Settle time.Duration `json:"settle,omitempty"`
	Fold   time.Duration `json:"fold,omitempty"`
}

// An Out is what is said now.
type Out struct {
	Kind   dest.Kind
	Items  []Item // oldest first
	More   int    // events that are not among them
	MoreOf map[string]int
	Why    string // of a digest or summary
}

// Bounds on what waits in one box.
const (
	MaxItems   = 100 // of a bucket; others are counted
	maxBuckets = 500
	maxThreads = 1000
)

// A Bucket is what waits together.
type Bucket struct {
	Key    string
	Due    time.Time
	Items  []Item
	More   int            // events beyond MaxItems
	MoreOf map[string]int // of them by keyword
	How    How
}

// A Box is what one address is told.
type Box struct {
	Zone  *time.Location
	Quiet rule.Quiet
	Limit rule.Limit

	Sent    []time.Time          // of notes within the limit's time, oldest first
	Threads map[string]time.Time // when a note was last about each
	Buckets map[string]*Bucket

	TakenBack int // events that settled, since the start

	changed map[string]int // buckets that are not as they were stored: items that were
	head    bool           // Sent or Threads are not
}

// NewBox is an empty one.
func NewBox() *Box {
	return &Box{Zone: time.UTC, Limit: rule.DefaultLimit(), Threads: map[string]time.Time{}, Buckets: map[string]*Bucket{}, changed: map[string]int{}}
}

// The keys of buckets; of a digest, a settling change and a thread only the first part.
const (
	keyHeld   = "held"
	keyQuiet  = "quiet"
	keyDigest = "digest/"
	keySettle = "settle/"
	keyThread = "thread/"
)

// Add takes an event.
func (b *Box) Add(now time.Time, item Item, how How) []Out {
	if c := item.Change; c != nil && how.Settle > 0 {
		key := keySettle + c.Of
		if b.Buckets[key] != nil || len(b.Buckets) < maxBuckets {
			b.put(key, now.Add(how.Settle), how, item)
			return nil
		}
	}
	return b.place(now, how, []Item{item})
}

// place puts settled events, which belong together, where they are to wait; or says them.
func (b *Box) place(now time.Time, how How, items []Item) []Out {
	if how.When.Every != "" {
		key := keyDigest + how.When.String()
		due := time.Time{}
		if b.Buckets[key] == nil {
			due = how.When.Next(now, b.Zone)
		}
		b.put(key, due, how, items...)
		return nil
	}
	if until := b.Quiet.Until(now, b.Zone); !until.IsZero() {
		b.put(keyQuiet, until, how, items...)
		return nil
	}
	if b.Buckets[keyHeld] != nil {
		b.hold(now, how, items...)
		return nil
	}
	thread := items[0].Thread
	if key := keyThread + thread; thread != "" && how.Fold > 0 && (b.Buckets[key] != nil || len(b.Buckets) < maxBuckets) {
		if last, ok := b.Threads[thread]; ok && now.Before(last.Add(how.Fold)) {
			b.put(key, last.Add(how.Fold), how, items...)
			return nil
		}
	}
	return b.say(now, how, items, 0, nil)
}

// say says events at once, or holds them back.
func (b *Box) say(now time.Time, how How, items []Item, more int, of map[string]int) []Out {
	if b.within(now) >= b.Limit.Notes-1 { // the last place is a summary's
		b.hold(now, how, items...)
		if h := b.Buckets[keyHeld]; more > 0 {
			h.count(more, of)
		}
		return nil
	}
	b.said(now, items[0].Thread)
	return []Out{{Kind: dest.Single, Items: items, More: more, MoreOf: of}}
}

func (b *Box) said(now time.Time, thread string) {
	b.Sent = append(b.Sent, now)
	b.head = true
	if thread == "" {
		return
	}
	if len(b.Threads) >= maxThreads {
		for t, last := range b.Threads {
			if now.Sub(last) > 24*time.Hour {
				delete(b.Threads, t)
			}
		}
		if len(b.Threads) >= maxThreads {
			return // it is not folded
		}
	}
	b.Threads[thread] = now
}

// within is how many notes were sent within the limit's time.
func (b *Box) within(now time.Time) int {
	from := now.Add(-b.Limit.Within)
	n := 0
	for n < len(b.Sent) && !b.Sent[n].After(from) {
		n++
	}
	if n > 0 {
		b.Sent = slices.Delete(b.Sent, 0, n)
		b.head = true
	}
	return len(b.Sent)
}

// free is when the next note may go: now, or when an older one leaves the limit's time.
func (b *Box) free(now time.Time) time.Time {
	if n := b.within(now); n >= b.Limit.Notes {
		return b.Sent[n-b.Limit.Notes].Add(b.Limit.Within)
	}
	return now
}

// hold keeps back what is too much.
func (b *Box) hold(now time.Time, how How, items ...Item) {
	due := time.Time{}
	if b.Buckets[keyHeld] == nil {
		if due = b.free(now); !due.After(now) {
			due = now.Add(b.Limit.Within / 12) // what comes with it is to be in it
		}
	}
	b.put(keyHeld, due, how, items...)
}

// put adds events to a bucket, which is made if need be: then due counts.
func (b *Box) put(key string, due time.Time, how How, items ...Item) {
	k := b.Buckets[key]
	if k == nil {
		k = &Bucket{Key: key, Due: due, How: how}
		b.Buckets[key] = k
	}
	b.touch(key)
	for _, item := range items {
		item.Wire = nil
		if len(k.Items) < MaxItems {
			if key != keySettle+changeOf(item) && !strings.HasPrefix(key, keyThread) {
				item.Details = ""
			}
			k.Items = append(k.Items, item)
			continue
		}
		k.count(1, nil)
		k.MoreOf[item.Keyword]++
	}
}

func changeOf(i Item) string {
	if i.Change == nil {
		return ""
	}
	return i.Change.Of
}

// touch remembers that a bucket is to be stored, and how much of it is.
func (b *Box) touch(key string) {
	if _, known := b.changed[key]; !known {
		n := 0
		if k := b.Buckets[key]; k != nil {
			n = len(k.Items)
		}
		b.changed[key] = n
	}
}

func (k *Bucket) count(n int, of map[string]int) {
	k.More += n
	if k.MoreOf == nil {
		k.MoreOf = map[string]int{}
	}
	for word, m := range of {
		k.MoreOf[word] += m
	}
}

// take removes a bucket.
func (b *Box) take(key string) *Bucket {
	k := b.Buckets[key]
	delete(b.Buckets, key)
	b.changed[key] = 0
	return k
}

// Next is when something is due; zero: nothing waits.
func (b *Box) Next() (next time.Time) {
	for _, k := range b.Buckets {
		if next.IsZero() || k.Due.Before(next) {
			next = k.Due
		}
	}
	return next
}

// Due says what is due.
func (b *Box) Due(now time.Time) (outs []Out) {
	keys := slices.SortedFunc(maps.Keys(b.Buckets), func(x, y string) int {
		if c := b.Buckets[x].Due.Compare(b.Buckets[y].Due); c != 0 {
			return c
		}
		return strings.Compare(x, y)
	})
	for _, key := range keys {
		k := b.Buckets[key]
		if k == nil || k.Due.After(now) {
			continue
		}
		if strings.HasPrefix(key, keySettle) {
			outs = append(outs, b.settled(now, b.take(key))...)
			continue
		}
		wait := b.Quiet.Until(now, b.Zone)
		if wait.IsZero() && !strings.HasPrefix(key, keyThread) {
			wait = b.free(now)
		}
		if wait.After(now) {
			k.Due = wait
			b.touch(key)
			continue
		}
		switch b.take(key); {
		case strings.HasPrefix(key, keyThread):
			if b.Buckets[keyHeld] != nil {
				b.hold(now, k.How, k.Items...)
				b.Buckets[keyHeld].count(k.More, k.MoreOf)
				continue
			}
			outs = append(outs, b.say(now, k.How, k.Items, k.More, k.MoreOf)...)
		case key == keyHeld:
			b.said(now, "")
			outs = append(outs, Out{dest.Summary, k.Items, k.More, k.MoreOf, "it was more than your limit"})
		case key == keyQuiet:
			b.said(now, "")
			outs = append(outs, Out{dest.Digest, k.Items, k.More, k.MoreOf, "your quiet hours"})
		default:
			b.said(now, "")
			outs = append(outs, Out{dest.Digest, k.Items, k.More, k.MoreOf, strings.TrimPrefix(key, keyDigest)})
		}
	}
	return outs
}

// settled says what became of a change, unless it was taken back.
func (b *Box) settled(now time.Time, k *Bucket) []Out {
	back := len(k.Items) > 1 && k.More == 0 && k.Items[0].Change.From == k.Items[len(k.Items)-1].Change.To
	for i := 1; back && i < len(k.Items); i++ { // of a tag, others may come between
		back = k.Items[i-1].Change.To == k.Items[i].Change.From
	}
	if back {
		b.TakenBack += len(k.Items)
		return nil
	}
	if k.More > 0 {
		return b.say(now, k.How, k.Items, k.More, k.MoreOf)
	}
	return b.place(now, k.How, k.Items)
}

// A Stored is a bucket as it has changed.
type Stored struct {
	Key string
	*Bucket
	From int // items from here on are new; nil Bucket: it is gone
}

// Changes are what has changed since Clean was called; head says that Sent or Threads
// have.
func (b *Box) Changes() (head bool, list []Stored) {
	for key, from := range b.changed {
		list = append(list, Stored{key, b.Buckets[key], from})
	}
	return b.head, list
}

// Unstored is how many buckets and events Changes would have stored.
func (b *Box) Unstored() int {
	n := len(b.changed)
	for key, from := range b.changed {
		if k := b.Buckets[key]; k != nil {
			n += len(k.Items) - from
		}
	}
	return n
}

// Clean says that the changes are stored.
func (b *Box) Clean() {
	b.head = false
	clear(b.changed)
}
